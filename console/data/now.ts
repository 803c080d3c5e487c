import { signal } from './signal.ts'

const tickMs = 5000

/** The time that pages measure from when they say how long ago something was. */
export const now = signal(Date.now())

setInterval(() => document.hidden || now.set(Date.now()), tickMs)
