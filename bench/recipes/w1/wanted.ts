const fileCount = 1000
const directoryCount = 50
const bytes = 1024

export const directories = [
  '/srv/w1',
  ...Array.from({ length: directoryCount }, (_, index) => `/srv/w1/${padded(index, 2)}`),
]

/** Each 1 KiB, and no two the same. */
export const files = Array.from({ length: fileCount }, (_, index) => ({
  path: `/srv/w1/${padded(index % directoryCount, 2)}/${padded(index, 4)}.conf`,
  content: contentOf(index),
}))

function contentOf(index: number) {
  let text = `# file ${padded(index, 4)} of work set W1\n`
  for (let line = 0; text.length < bytes; line++) text += `setting.${line} = ${index * 7919 + line * 104_729}\n`
  return `${text.slice(0, bytes - 1)}\n`
}

function padded(number: number, width: number) {
  return String(number).padStart(width, '0')
}
