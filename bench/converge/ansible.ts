import type { WantedFile, WorkSet } from './work-sets.ts'

export const ansibleFolder = '/srv/bench/ansible'

/** The playbook and what it needs, by path. JSON is YAML. */
export function ansibleFiles(set: WorkSet): Map<string, string> {
  return new Map([
    [`${ansibleFolder}/ansible.cfg`, config],
    [`${ansibleFolder}/hosts`, 'node ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n'],
    [`${ansibleFolder}/service.conf.j2`, template],
    [
      `${ansibleFolder}/${set.name}.yml`,
      JSON.stringify([{ hosts: 'node', gather_facts: false, tasks: tasksOf(set) }], null, 1),
    ],
  ])
}

const config = `[defaults]
inventory = ${ansibleFolder}/hosts
retry_files_enabled = False
[connection]
pipelining = True
`

function tasksOf({ directories, files, packages, services }: WorkSet) {
  const access = { owner: 'root', group: 'root' }
  const folder = { path: '{{ item }}', state: 'directory', mode: '0755', ...access }
  const plain = files.filter(({ variables }) => !variables)
  const templates = files.filter(({ variables }) => variables)
  const to = { dest: '{{ item.path }}', mode: '0644', ...access }
  return [
    { name: 'packages', apt: { name: packages, state: 'present' }, of: packages },
    { name: 'folders', file: folder, ...each(directories), of: directories },
    { name: 'files', copy: { content: '{{ item.content }}', ...to }, ...each(plain), of: plain },
    {
      name: 'templates',
      template: { src: 'service.conf.j2', ...to },
      ...each(templates.map(({ path, variables }) => ({ path, ...variables }))),
      of: templates,
    },
    {
      name: 'services',
      systemd: { name: '{{ item }}', state: 'started', enabled: true },
      ...each(services),
      of: services,
    },
  ].flatMap(({ of, ...task }) => (of.length > 0 ? [task] : []))
}

// Without a label it would print each item with all its content.
function each(items: (string | Pick<WantedFile, 'path'>)[]) {
  return { loop: items, loop_control: { label: '' } }
}

const template = `# Service {{ item.number }}: written by the configuration system, changes are lost.
[service]
number = {{ item.number }}
port = {{ item.port }}
mode = {{ item.mode }}

[members]
{% for member in item.members %}
{{ member }} = weight {{ item.number }}
{% endfor %}
`
