/** `targets.0.node: Invalid input`: an issue of zod in one line. */
export function describeIssue({ path, message }: { path: PropertyKey[]; message: string }) {
  return path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message
}
