import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { z } from 'zod'
import { type api } from '../protocol/api.ts'
import { Access } from '../protocol/views.ts'

export type Me = z.output<typeof api.whoami.output>

/** Who is signed in; undefined until the server has said so. */
export const MeContext = createContext<Me | undefined>(undefined)

export function useMe() {
  return useContext(MeContext)
}

/** Whether the buttons that need this access are of use. The server decides all the same. */
export function useMay(needed: Access) {
  const me = useMe()
  return me !== undefined && Access.options.indexOf(me.access) >= Access.options.indexOf(needed)
}
