const bytes = 1024
const perFolder = 20

export const { directories, files } = filesIn('/srv/w1', 1000)

/** So many of 1 KiB, no two the same, and the folders that they are in. */
export function filesIn(root: string, count: number) {
  const folders = Array.from({ length: Math.ceil(count / perFolder) }, (_, index) => `${root}/${padded(index, 2)}`)
  return {
    directories: [root, ...folders],
    files: Array.from({ length: count }, (_, index) => ({
      path: `${folders[index % folders.length]}/${padded(index, 4)}.conf`,
      content: contentOf(index),
    })),
  }
}

function contentOf(index: number) {
  let text = `# file ${padded(index, 4)} of work set W1\n`
  for (let line = 0; text.length < bytes; line++) text += `setting.${line} = ${index * 7919 + line * 104_729}\n`
  return `${text.slice(0, bytes - 1)}\n`
}

function padded(number: number, width: number) {
  return String(number).padStart(width, '0')
}
