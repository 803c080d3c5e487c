import type { WantedFile, WorkSet } from './work-sets.ts'

export const puppetFolder = '/srv/bench/puppet'

/** The manifest, and the module with its template, by path. */
export function puppetFiles(set: WorkSet): Map<string, string> {
  return new Map([
    [`${puppetFolder}/${set.name}.pp`, manifest(set)],
    [`${puppetFolder}/modules/bench/templates/service.epp`, template],
  ])
}

function manifest({ directories, files, packages, services }: WorkSet) {
  return [
    "File { owner => 'root', group => 'root', mode => '0644' }",
    ...(packages.length > 0 ? [`package { ${list(packages)}: ensure => installed }`] : []),
    ...directories.map((path) => `file { ${quoted(path)}: ensure => directory, mode => '0755' }`),
    ...files.map(
      (file) => `file { ${quoted(file.path)}: ensure => file, backup => false, content => ${contentOf(file)} }`,
    ),
    ...(services.length > 0 ? [`service { ${list(services)}: ensure => running, enable => true }`] : []),
    '',
  ].join('\n')
}

function contentOf({ content, variables }: WantedFile) {
  if (!variables) return quoted(content)
  const { number, port, mode, members } = variables
  return `epp('bench/service.epp', { number => ${number}, port => ${port}, mode => ${quoted(mode)}, members => ${list(members)} })`
}

const template = `<%- | Integer $number, Integer $port, String $mode, Array $members | -%>
# Service <%= $number %>: written by the configuration system, changes are lost.
[service]
number = <%= $number %>
port = <%= $port %>
mode = <%= $mode %>

[members]
<% $members.each |$member| { -%>
<%= $member %> = weight <%= $number %>
<% } -%>
`

function list(words: string[]) {
  return `[${words.map(quoted).join(', ')}]`
}

function quoted(text: string) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
