import type { WantedFile, WorkSet } from './work-sets.ts'

export const cfengineFolder = '/srv/bench/cfengine'

/** The policy and what it needs, by path. They must be writable by root alone, or cf-agent refuses them. */
export function cfengineFiles(set: WorkSet): Map<string, string> {
  return new Map([
    [`${cfengineFolder}/${set.name}.cf`, policy(set)],
    [`${cfengineFolder}/service.mustache`, template],
    [`${cfengineFolder}/installed`, installedScript],
  ])
}

// Promises of an empty list are left out, so that no set pays for what it does not want.
function policy(set: WorkSet) {
  const { directories, files, packages, services } = set
  return [
    'body common control { bundlesequence => { "main" }; }',
    'body perms m(mode) { mode => "$(mode)"; owners => { "root" }; groups => { "root" }; rxdirs => "false"; }',
    ...(packages.length > 0 ? [packageModule] : []),
    'bundle agent main {',
    ...variables(set),
    ' files:',
    ...directories.map((path) => `  ${quoted(`${path}/.`)} create => "true", perms => m("755");`),
    ...files.map((file) => `  ${quoted(file.path)} create => "true", perms => m("644"), ${contentOf(file)};`),
    ...(packages.length > 0 ? [' packages:', '  "$(missing)" policy => "present", package_module => apt_get;'] : []),
    ...(services.length > 0
      ? [' services:', '  "$(services)" service_policy => "start", service_method => sysd;']
      : []),
    '}',
    ...(services.length > 0 ? [serviceMethod] : []),
    '',
  ].join('\n')
}

// The expert form: one dpkg-query for all packages, and a promise for what is missing alone. As CFEngine's own module does it,
// for each package by a Python program, the same takes some twenty times longer.
function variables({ files, packages, services }: WorkSet) {
  const data = files.flatMap((file) => (file.variables ? [`  "${nameOf(file)}" data => ${dataOf(file)};`] : []))
  const installed = `execresult("/bin/sh ${cfengineFolder}/installed", "noshell")`
  const wanted = [
    `  "wanted" slist => { ${packages.map(quoted).join(', ')} };`,
    `  "installed" slist => splitstring(${installed}, "\\s+", 100000);`,
    '  "missing" slist => difference("wanted", "installed");',
  ]
  const named = [`  "services" slist => { ${services.map(quoted).join(', ')} };`]
  const all = [...data, ...(packages.length > 0 ? wanted : []), ...(services.length > 0 ? named : [])]
  return all.length > 0 ? [' vars:', ...all] : []
}

function contentOf(file: WantedFile) {
  if (!file.variables) return `content => ${quoted(file.content)}`
  return `edit_template => "${cfengineFolder}/service.mustache", template_method => "mustache", template_data => @(${nameOf(file)})`
}

function nameOf({ path }: WantedFile) {
  return `data_${path.replaceAll(/\W/g, '_')}`
}

function dataOf({ variables: data }: WantedFile) {
  return `parsejson('${JSON.stringify(data)}')`
}

const template = `# Service {{number}}: written by the configuration system, changes are lost.
[service]
number = {{number}}
port = {{port}}
mode = {{mode}}

[members]
{{#members}}
{{.}} = weight {{number}}
{{/members}}
`

// A file of its own, since to CFEngine ${...} is a variable wherever it stands.
const installedScript =
  "dpkg-query --show --showformat='${db:Status-Status} ${Package}\\n' | sed -n 's/^installed //p'\n"

const packageModule =
  'body package_module apt_get { query_installed_ifelapsed => "0"; query_updates_ifelapsed => "1440"; default_options => {}; }'

const serviceMethod = `body service_method sysd { service_type => "generic"; service_args => ""; service_bundle => sysd("$(this.promiser)"); }
bundle agent sysd(name) {
 classes:
  "active_$(name)" expression => returnszero("/bin/systemctl -q is-active $(name)", "noshell");
  "enabled_$(name)" expression => returnszero("/bin/systemctl -q is-enabled $(name)", "noshell");
 commands:
  "/bin/systemctl start $(name)" if => not("active_$(name)");
  "/bin/systemctl enable $(name)" if => not("enabled_$(name)");
}`

function quoted(text: string) {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
