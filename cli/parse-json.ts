/** Undefined where it is no JSON: a proxy's page, a damaged file. The caller's schema then says what is wrong. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
