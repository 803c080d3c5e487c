import { useEffect, useState } from 'preact/hooks'
import { hrefOf, type Place, placeOf } from './route.ts'

const moved = new EventTarget()
const tell = () => moved.dispatchEvent(new Event('moved'))

function here(): Place {
  return placeOf(location.href)
}

export function go(href: string, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', href)
  else {
    history.pushState(null, '', href)
    scrollTo(0, 0)
  }
  tell()
}

/** Changes some of the query, and keeps the rest. Undefined takes a field out. */
export function goQuery(changed: Record<string, string | undefined>, options?: { replace?: boolean }) {
  const { path, query } = here()
  go(hrefOf(path, { ...query, ...changed }), options)
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const update = () => setPlace(here())
    moved.addEventListener('moved', update)
    addEventListener('popstate', update)
    return () => {
      moved.removeEventListener('moved', update)
      removeEventListener('popstate', update)
    }
  }, [])
  return place
}

/** Links of the console change the page without loading it anew. */
export function followLinks(event: MouseEvent) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (!link || link.target || link.origin !== location.origin || link.hasAttribute('download')) return
  if (/^\/(api|sign-in)\//.test(link.pathname)) return
  event.preventDefault()
  go(link.pathname + link.search)
}
