import { defineEdit } from './edits/edit.ts'
import { PointedName, PointedProps, wrongPointed } from './edits/pointer.ts'

export const jsonEdit = defineEdit({
  type: 'json_edit',
  summary: 'One value in a file of JSON, with comments or without. The rest stays as it is written.',
  example: "json_edit('/etc/docker/daemon.json#/log-driver', { value: 'journald' })",
  name: PointedName,
  props: PointedProps,
  problem: wrongPointed,
  async edit(text, pointer, { ensure, value }) {
    // Loaded where such a resource is: a run without one must start quickly.
    const { editJson } = await import('./edits/json-text.ts')
    return editJson(text, pointer, ensure === 'present' ? value : undefined)
  },
})
