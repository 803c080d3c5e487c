import type { Deb } from '../deb.ts'

/** Few names, so that what cases say of them collides and depends on each other. */
export const root = '/srv/pool'
export const folders = [`${root}/d`, `${root}/d/e`, `${root}/f`]
export const freePaths = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'f', 'f/a', 'l', 'l/a'].map(
  (inside) => `${root}/${inside}`,
)
/**
 * What packages bring is nobody's before, and only wanted of its kind: no plan can know of a package which file it replaces, and where it puts
 * a directory.
 */
export const packageFiles = ['/usr/share/lab-base/text', '/etc/lab-conf/conf', '/usr/share/lab-daemon/text']
export const packageFolders = ['/usr/share/lab-base', '/etc/lab-conf']
export const paths = [...freePaths, '/home/ann']
export const users = ['ann', 'bob', 'lab-daemon']
export const groups = ['ann', 'team', 'lab-daemon']
/** Units of the node's own, and one that a package brings. */
export const ownUnits = ['lab-one.service', 'lab-two.service']
export const units = [...ownUnits, 'lab-daemon.service']
export const contents = ['', 'one\n', 'one\ntwo\n', '[s]\nkey = 1\n', 'three', 'one\r\ntwo\r\n']
export const modes = ['0644', '0600', '0755', '4750']

const unitText = (name: string) =>
  `[Unit]\nDescription=${name}\n[Service]\nType=exec\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n`
export const unitTexts = [
  ...['first', 'second'].map(unitText),
  unitText('static').replace(/\[Install\][^]*/, ''),
  unitText('oneshot').replace('Type=exec', 'Type=oneshot\nRemainAfterExit=yes').replace('sleep infinity', 'true'),
]

const text = (name: string, says: string) => ({ [`/usr/share/${name}/text`]: says })

/** Its scripts never fail, for no plan can know of a script whether it does. */
const daemon: Deb = {
  name: 'lab-daemon',
  files: { '/usr/lib/systemd/system/lab-daemon.service': unitText('lab-daemon') },
  postinst: `id lab-daemon || useradd --system --user-group lab-daemon || useradd --system --gid lab-daemon lab-daemon || true
systemctl daemon-reload; systemctl enable --now lab-daemon.service || true`,
  prerm: 'systemctl disable --now lab-daemon.service || true',
  postrm: 'systemctl daemon-reload',
}

export const debs: Deb[] = [
  { name: 'lab-base', files: text('lab-base', 'one\n') },
  { name: 'lab-base', version: '2.0', files: text('lab-base', 'one\ntwo\n') },
  { name: 'lab-top', depends: 'lab-base' },
  { name: 'lab-top', version: '2.0', depends: 'lab-base (>= 2.0)' },
  { name: 'lab-this', conflicts: 'lab-that' },
  { name: 'lab-this', version: '2.0', conflicts: 'lab-that' },
  { name: 'lab-that', recommends: 'lab-base' },
  { ...daemon, files: { ...daemon.files, ...text('lab-daemon', 'three') } },
  { ...daemon, version: '2.0' },
  { name: 'lab-conf', files: { '/etc/lab-conf/conf': 'one\n' }, conffiles: ['/etc/lab-conf/conf'] },
  { name: 'lab-broken', depends: 'lab-nowhere' },
  { name: 'lab-needs', depends: 'lab-this' },
]
export const packages = [...new Set(debs.map(({ name }) => name)), 'lab-typo']
