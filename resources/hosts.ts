import { z } from 'zod'
import { defineEdit, editProps } from './edits/edit.ts'
import { editLines } from './edits/lines.ts'
import { givenJustWhenPresent } from './names.ts'

const Address = z
  .union([z.ipv4(), z.ipv6()], 'must be an address, such as 10.0.0.7 or 2001:db8::7')
  .refine(
    (address) => canonical(address) === address,
    'must be an address as it is usually written, such as 2001:db8::7',
  )

const Name = z
  .string()
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, 'must be the name of a machine, such as n1 or n1.example.org')
  .max(253)

const Props = z.strictObject({
  ...editProps,
  names: z
    .array(Name)
    .default([])
    .describe('Exactly the names that it has; by the first of them the machine is known when asked by its address.'),
})
type Want = z.infer<typeof Props>

/** `path` is /etc/hosts; tests give another. */
export function hostsIn(path: string) {
  return defineEdit({
    type: 'hosts',
    summary: 'One address in /etc/hosts with all its names.',
    example: "hosts('10.0.0.7', { names: ['n7.example.org', 'n7'] })",
    name: Address,
    path,
    props: Props,
    problem: (_name, { ensure, names }) => givenJustWhenPresent('names', ensure, names.length > 0),
    edit: (text, address, want) => editLines(text, (lines) => withNames(lines, address, want)),
  })
}

export const hosts = hostsIn('/etc/hosts')

function withNames(lines: string[], address: string, { ensure, names }: Want) {
  const mine = lines.flatMap((line, index) => (read(line).address === address ? [index] : []))
  const [first] = mine
  const others = lines.filter((_, index) => !mine.includes(index))
  if (ensure === 'absent') return others
  if (first === undefined) return [...lines, written(address, names, '')]
  const there = read(lines[first] ?? '')
  const isAsWanted = mine.length === 1 && there.names.join(' ') === names.join(' ')
  return isAsWanted ? lines : others.toSpliced(first, 0, written(address, names, there.comment))
}

function read(line: string) {
  const [, entry = '', comment = ''] = /^([^#]*?)(\s*#.*)?$/.exec(line) ?? []
  const [address = '', ...names] = entry.trim().split(/\s+/)
  return { address: canonical(address), names, comment }
}

function written(address: string, names: string[], comment: string) {
  return `${address}\t${names.join(' ')}${comment}`
}

/** `2001:DB8:0::7` → `2001:db8::7`; what is no address stays as it is. */
function canonical(address: string) {
  if (!address.includes(':')) return address
  const url = `http://[${address}]`
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : address
}
