import * as fc from 'fast-check'
import {
  contents,
  debs,
  folders,
  freePaths,
  groups,
  modes,
  ownUnits,
  packageFiles,
  packageFolders,
  packages,
  paths,
  root,
  units,
  unitTexts,
  users,
} from './pool.ts'

/** A resource as a recipe declares it, but for its links, which are made when it is known what there is to link to. */
export interface Declared {
  recipe: string
  type: string
  name: string
  props: Record<string, unknown>
  /** By number, among what comes before it, and among what has actions. */
  requires?: number
  notifies?: number
}

export interface Case {
  /** Lines of shell that put the machine in a state. */
  state: string[]
  /** What it was converged to then. */
  before: Declared[]
  resources: Declared[]
}

const of = <Value>(values: readonly Value[]) => fc.constantFrom(...values)
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>, percent = 50) =>
  fc.oneof({ weight: percent, arbitrary }, { weight: 100 - percent, arbitrary: fc.constant(undefined) })
const seldom = (usual: string, other: string) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constant(other))
const ensure = seldom('present', 'absent')
const owner = of([...users, 'root', '3001'])
const group = of([...groups, 'root', '3002'])
const access = { mode: maybe(of(modes), 20), owner: maybe(owner, 20), group: maybe(group, 20) }

/** Without what is undefined, and without what has no meaning for what is to be absent. */
function propsOf(given: Record<string, fc.Arbitrary<unknown>>, ofAbsent: string[] = []) {
  return fc.record(given).map((props) => {
    const isAbsent = props.ensure === 'absent' || props.ensure === 'purged'
    return Object.fromEntries(
      Object.entries(props).filter(
        ([key, value]) => value !== undefined && (!isAbsent || key === 'ensure' || ofAbsent.includes(key)),
      ),
    )
  })
}

const edited = of(freePaths.slice(0, 10).map((path) => `${path}#`))
const edit = { ensure, create: maybe(fc.boolean(), 20) }

const types: Record<
  string,
  { name: fc.Arbitrary<string>; props: fc.Arbitrary<Record<string, unknown>>; weight: number }
> = {
  file: {
    weight: 6,
    name: of([...paths, ...packageFiles, `${root}/brought`]),
    props: propsOf({
      ensure,
      content: maybe(of(contents), 75),
      ...access,
      verify: maybe(fc.constant(['test', '-f', '{}']), 20),
    }),
  },
  directory: {
    weight: 4,
    name: of([root, ...folders, ...paths, ...packageFolders]),
    props: propsOf(
      {
        ensure,
        ...access,
        content: maybe(fc.dictionary(of(['a', 'e/a', 'b']), of(contents), { minKeys: 1, maxKeys: 2 }), 20),
        fileMode: maybe(of(modes), 20),
        recurse: maybe(fc.boolean(), 20),
        purge: maybe(fc.boolean(), 20),
        force: maybe(fc.boolean()),
      },
      ['force'],
    ),
  },
  link: {
    weight: 3,
    name: of(paths),
    props: propsOf(
      { ensure, target: of([...paths, ...packageFiles, 'a', 'd', `${root}/nowhere`]), force: maybe(fc.boolean()) },
      ['force'],
    ),
  },
  line: {
    weight: 2,
    name: edited.map((path) => `${path}l`),
    props: propsOf(
      {
        ...edit,
        line: of(['one', 'four']),
        match: maybe(of(['^o', '^t', 'e'])),
        after: maybe(of(['^one', 'nine']), 20),
      },
      ['line', 'match'],
    ),
  },
  block: { weight: 1, name: edited.map((path) => `${path}b`), props: propsOf({ ...edit, content: of(contents) }) },
  ini: {
    weight: 1,
    name: edited.map((path) => `${path}s/key`),
    props: propsOf({ ...edit, value: of(['1', '2']) }),
  },
  user: {
    weight: 4,
    name: of(users),
    props: propsOf({
      ensure,
      uid: maybe(of([3001, 3003, 1001]), 20),
      group: maybe(of([...groups, 'users']), 20),
      groups: maybe(fc.uniqueArray(of(groups), { minLength: 1, maxLength: 2 }), 20),
      home: maybe(of(['/home/ann', `${root}/d`, `${root}/n/m`]), 20),
      createHome: maybe(fc.boolean(), 20),
      shell: maybe(of(['/bin/sh', '/usr/sbin/nologin'])),
      comment: maybe(of(['one', 'two'])),
      system: maybe(fc.boolean(), 20),
    }),
  },
  group: {
    weight: 3,
    name: of(groups),
    props: propsOf({
      ensure,
      gid: maybe(of([3002, 3003, 1001]), 20),
      members: maybe(fc.uniqueArray(of(users), { maxLength: 2 }), 20),
      system: maybe(fc.boolean(), 20),
    }),
  },
  systemd_unit: { weight: 3, name: of(ownUnits), props: propsOf({ ensure, content: of(unitTexts) }) },
  service: {
    weight: 5,
    name: of(units),
    props: propsOf({
      running: maybe(fc.boolean(), 75),
      enabled: maybe(fc.boolean(), 60),
      masked: maybe(fc.boolean(), 20),
      settleMs: fc.constant(0),
    }),
  },
  pkg: {
    weight: 6,
    name: of(packages),
    props: propsOf({
      ensure: fc.oneof({ weight: 5, arbitrary: fc.constant('present') }, of(['absent', 'purged'])),
      version: maybe(of(['1.0', '2.0', '9.0']), 20),
      hold: maybe(fc.boolean(), 20),
      recommends: maybe(fc.boolean(), 20),
    }),
  },
  exec: {
    weight: 1,
    name: of(['make a', 'make b']),
    props: fc.constant({
      argv: ['sh', '-c', `mkdir -p /srv/made; touch /srv/made/it ${root}/brought || true`],
      creates: '/srv/made/it',
    }),
  },
}

const guard = of([['true'], ['false'], ['test', '-e', `${root}/a`], ['test', '-e', `${root}/d/a`]])
const declared: fc.Arbitrary<Declared> = fc
  .oneof(
    ...Object.entries(types).map(([type, { weight, name, props }]) => ({
      weight,
      arbitrary: fc.record({ type: fc.constant(type), name, props }),
    })),
  )
  .chain(({ type, name, props }) =>
    fc
      .record({
        recipe: of(['one', 'two', 'three']),
        notifies: maybe(fc.nat(20), 20),
        requires: maybe(fc.nat(20), 5),
        onlyIf: maybe(guard, 4),
        unless: maybe(guard, 4),
        ignoreFailure: maybe(fc.constant(true), 10),
        sensitive: maybe(fc.constant(true), 5),
      })
      .map(({ recipe, notifies, requires, ...common }) => ({
        recipe,
        type,
        name,
        props: { ...props, ...defined(common) },
        ...defined({ notifies, requires }),
      })),
  )

const resources = (maxLength: number) =>
  fc
    .uniqueArray(declared, {
      minLength: Math.floor(maxLength / 3),
      maxLength,
      size: 'max',
      selector: ({ type, name }) => `${type}[${name}]`,
    })
    // A recipe's resources stand together, as they do in a catalog.
    .map((list) => ['one', 'two', 'three'].flatMap((recipe) => list.filter((one) => one.recipe === recipe)))

export const anyCase: fc.Arbitrary<Case> = fc.record({
  state: fc.array(fc.oneof(someFile(), someAccount(), someUnit(), somePackage()), {
    minLength: 2,
    maxLength: 8,
    size: 'max',
  }),
  before: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Declared[]>([]) },
    resources(6).map((list) => list.filter(({ name }) => ![...packageFiles, ...packageFolders].includes(name))),
  ),
  resources: resources(16),
})

function someFile() {
  const made = fc.oneof(
    {
      weight: 3,
      arbitrary: of(contents).map(
        (content) => (path: string) =>
          // Who writes into a pipe waits for a reader.
          `[ -p ${path} ] || printf '${content.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}' > ${path}`,
      ),
    },
    fc.constant((path: string) => `mkdir -p ${path}`),
    of([...paths, 'd', 'nowhere']).map((target) => (path: string) => `ln -sfnT ${target} ${path}`),
    fc.constant((path: string) => `mkfifo ${path}`),
  )
  return fc
    .tuple(of(paths), made, of(modes), owner, fc.boolean())
    .map(([path, make, mode, whose, plain]) =>
      [
        `mkdir -p $(dirname ${path})`,
        make(path),
        ...(plain ? [] : [`chown -h ${whose} ${path}`, `chmod ${mode} ${path}`]),
      ].join('; '),
    )
}

function someAccount() {
  return of([
    'useradd ann',
    'useradd --system --uid 3001 bob',
    'useradd --create-home --groups users ann',
    'groupadd team',
    'groupadd --gid 3002 ann; useradd --gid ann bob',
    'groupadd team; useradd --groups team bob',
    'useradd --system --user-group lab-daemon',
  ])
}

function someUnit() {
  const then = of(['true', 'systemctl start', 'systemctl enable --now', 'systemctl enable', 'systemctl mask'])
  return fc.tuple(of(ownUnits), of(unitTexts), then, fc.boolean()).map(([unit, text, verb, isStale]) => {
    const path = verb.endsWith('mask') ? `/run/systemd/system/${unit}` : `/etc/systemd/system/${unit}`
    const write = `mkdir -p $(dirname ${path}); printf '${text.replaceAll('\n', '\\n')}' > ${path}; systemctl daemon-reload; ${verb} ${unit}`
    return isStale && verb !== 'true' ? `${write}; echo '# changed' >> ${path}` : write
  })
}

function somePackage() {
  const install = of(debs.filter(({ name }) => name !== 'lab-broken')).map(
    ({ name, version = '1.0' }) => `dpkg --install /srv/lab/${name}_${version}_all.deb`,
  )
  const then = fc.oneof(
    { weight: 4, arbitrary: fc.constant('true') },
    of([
      'dpkg --remove NAME',
      'echo NAME hold | dpkg --set-selections',
      'systemctl stop lab-daemon',
      'systemctl disable --now lab-daemon',
      'systemctl mask --now lab-daemon',
    ]),
  )
  return fc
    .tuple(install, then)
    .map(([line, after]) => `${line}; ${after.replace('NAME', /\/srv\/lab\/([^_]*)/.exec(line)?.[1] ?? '')}`)
}

function defined(given: object) {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
