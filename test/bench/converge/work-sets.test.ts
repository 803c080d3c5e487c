import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ansibleFiles } from '../../../bench/converge/ansible.ts'
import { cfengineFiles } from '../../../bench/converge/cfengine.ts'
import { puppetFiles } from '../../../bench/converge/puppet.ts'
import { workSetNames, workSets } from '../../../bench/converge/work-sets.ts'
import { BlobRef, type Catalog, sha256 } from '../../../protocol/catalog.ts'
import { compile } from '../../../server/compile/compile.ts'
import { loadRevision } from '../../../server/sources/revision.ts'
import { clusterOf, nodeOf } from '../../helpers/sources.ts'

const at = (folder: string) => new URL(`../../../bench/${folder}`, import.meta.url).pathname
const revision = await loadRevision({ recipes: at('recipes'), roles: at('roles') })

function named(catalog: Catalog, type: string) {
  return catalog.resources.filter((resource) => resource.type === type)
}

for (const set of workSetNames.map((name) => workSets[name])) {
  test(`our catalog of ${set.name} wants what all contenders are told`, () => {
    const node = nodeOf('node-1', [set.role])
    const compiled = compile(revision, node, clusterOf([node]))
    assert.equal(compiled.status, 'compiled')
    const { catalog } = compiled

    const files = named(catalog, 'file').map(({ name, props }) => [name, BlobRef.parse(props['content']).sha256])
    assert.deepEqual(
      files,
      set.files.map(({ path, content }) => [path, sha256(content)]),
    )
    const names = (type: string) => named(catalog, type).map(({ name }) => name)
    assert.deepEqual(names('directory'), set.directories)
    assert.deepEqual(names('pkg'), set.packages)
    assert.deepEqual(names('service'), set.services)
  })

  test(`the peers' files of ${set.name} name each of its things`, () => {
    for (const text of [
      puppetFiles(set).get(`/srv/bench/puppet/${set.name}.pp`) ?? '',
      cfengineFiles(set).get(`/srv/bench/cfengine/${set.name}.cf`) ?? '',
      ansibleFiles(set).get(`/srv/bench/ansible/${set.name}.yml`) ?? '',
    ]) {
      const things = [...set.directories, ...set.files.map(({ path }) => path), ...set.packages, ...set.services]
      assert.deepEqual(
        things.filter((thing) => !text.includes(thing)),
        [],
      )
    }
  })
}

test('the work sets have the sizes that they are known by', () => {
  const { W1, W2, W5 } = workSets
  assert.equal(W1.files.length, 1000)
  assert.equal(W1.directories.length, 51)
  assert.ok(W1.files.every(({ content }) => content.length === 1024))
  assert.equal(new Set(W1.files.map(({ content }) => content)).size, 1000)
  assert.deepEqual([W2.packages.length, W2.files.length, W2.services.length], [100, 50, 10])
  assert.equal(new Set(W2.packages).size, 100)
  assert.equal(W5.files.length, 1)
})
