import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { server } from '../../server/main.ts'

const text = readFileSync(join(import.meta.dirname, '../../Containerfile'), 'utf8').replaceAll('\\\n', ' ')
const last = (instruction: string) => text.split('\n').findLast((line) => line.startsWith(`${instruction} `)) ?? ''
const listOf = (instruction: string): string[] => JSON.parse(last(instruction).slice(instruction.length))

test('the image is built by scripts that there are', () => {
  const scripts = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
  assert.deepEqual(scripts, ['build:agent', 'build:server'])
  assert.deepEqual(
    scripts.filter((name) => !(name in packageJson.scripts)),
    [],
  )
})

test('the image starts the server with flags that it takes, as nobody of the machine', () => {
  const [verb, ...argv] = listOf('CMD')
  assert.equal(verb, 'server')
  const flags = argv.filter((word) => word.startsWith('--')).map((flag) => flag.slice(2))
  assert.deepEqual(
    flags.filter((flag) => !(flag in (server.flags ?? {}))),
    [],
  )
  const given = Object.fromEntries(flags.map((flag) => [flag, argv[argv.indexOf(`--${flag}`) + 1]]))
  const { data, listen } = server.options.parse(given)
  assert(listOf('VOLUME').includes(data))
  assert.equal(last('EXPOSE'), `EXPOSE ${listen.port}`)
  assert.match(last('HEALTHCHECK'), new RegExp(`connect\\(${listen.port}, `))
  assert.match(last('USER'), /^USER [1-9]\d+$/)
})
