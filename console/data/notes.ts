import { signal } from './signal.ts'

export interface Note {
  id: number
  text: string
  tone: 'done' | 'failed'
  href?: string | undefined
}

export const notes = signal<Note[]>([])

const shownMs = 8000
let count = 0

/** Tells the operator what came of what they did. What failed stays until it is closed. */
export function say(text: string, tone: Note['tone'] = 'done', href?: string) {
  const note = { id: ++count, text, tone, href }
  notes.set([...notes.get().slice(-3), note])
  if (tone === 'done') setTimeout(() => forget(note.id), shownMs)
}

export function forget(id: number) {
  notes.set(notes.get().filter((note) => note.id !== id))
}
