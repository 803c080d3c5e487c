/** Which versions of the agent `SHA256SUMS` names, each with its platforms. */
export function versionsIn(sums: string) {
  const versions = new Map<string, string[]>()
  for (const [, version = '', platform = ''] of sums.matchAll(
    / {2}trivet-agent-(.+)-(linux-(?:x64|arm64))\.tar\.gz$/gm,
  ))
    versions.set(version, [...(versions.get(version) ?? []), platform])
  return versions
}
