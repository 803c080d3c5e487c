import { defineEdit } from './edits/edit.ts'
import { PointedName, PointedProps, wrongPointed } from './edits/pointer.ts'

export const yamlEdit = defineEdit({
  type: 'yaml_edit',
  summary: 'One value in a file of YAML. Comments stay, and so do the values of all else as they are written.',
  example: "yaml_edit('/etc/prometheus/prometheus.yml#/global/scrape_interval', { value: '30s' })",
  name: PointedName,
  props: PointedProps,
  problem: wrongPointed,
  async edit(text, pointer, { ensure, value }) {
    // Loaded where such a resource is: a run without one must start quickly.
    const { editYaml } = await import('./edits/yaml-text.ts')
    return editYaml(text, pointer, ensure === 'present' ? value : undefined)
  },
})
