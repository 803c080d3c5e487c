import { setImmediate } from 'node:timers/promises'

/** Bytes; a longer text is told by its size. */
export const largest = 128 * 1024
const longest = 16 * 1024
/**
 * Lines that differ at most: so many take some 40 ms at worst, and the agent must answer its watchdog and its server meanwhile. Never a time: what a busy
 * machine cannot show would be another plan, with another hash, than that of the same machine at rest.
 */
const mostEdits = 600

/** Unified diff of two texts; for bytes that are no text, or too many, their sizes. */
export async function diffOf(before: Buffer | null, after: Buffer, path: string) {
  const sizes = `${before ? `${before.length} bytes` : 'nothing'} → ${after.length} bytes`
  if (isBinary(after) || (before && isBinary(before))) return `binary: ${sizes}`
  if (after.length > largest || (before && before.length > largest)) return `too long to show: ${sizes}`
  if (!before) return cut(newFile(after.toString(), path), sizes)
  // Loaded when something differs, which is rare; a run without changes must start quickly.
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff')
  const options = { context: 3, maxEditLength: mostEdits, headerOptions: FILE_HEADERS_ONLY }
  await setImmediate()
  const patch = createTwoFilesPatch(path, path, before.toString(), after.toString(), undefined, undefined, options)
  if (patch === undefined) return `too different to show: ${sizes}`
  return cut(patch, sizes)
}

function cut(patch: string, sizes: string) {
  return patch.length > longest ? `${patch.slice(0, longest)}\n… cut: ${sizes}` : patch
}

// Nothing needs comparing: a first converge has a thousand of these.
function newFile(text: string, path: string) {
  const lines = text.split('\n')
  const end = lines.at(-1) === '' ? lines.pop() : '\\ No newline at end of file\n'
  const head = `--- /dev/null\n+++ ${path}\n@@ -0,0 +1,${lines.length} @@\n`
  return `${head}${lines.map((line) => `+${line}\n`).join('')}${end}`
}

function isBinary(bytes: Buffer) {
  return bytes.subarray(0, 8192).includes(0)
}
