import type { SessionView } from '../../protocol/api/session.ts'
import { signal } from './signal.ts'

/** Whoever is signed in; null is nobody, undefined until the server has said so. Its cookie is out of reach of this page. */
export const signedIn = signal<SessionView | null | undefined>(undefined)
