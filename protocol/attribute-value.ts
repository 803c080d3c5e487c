import { z } from 'zod'

/** The value of an attribute as people write it: JSON where it is JSON, otherwise text: `2000`, `true`, `["a","b"]`, `hello`. */
export function readAttributeValue(text: string) {
  try {
    return z.json().parse(JSON.parse(text))
  } catch {
    return text
  }
}
