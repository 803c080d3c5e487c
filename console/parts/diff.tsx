const kinds: Record<string, string> = { '+': 'added', '-': 'removed', '@': 'hunk' }

/** A difference, line by line. The two lines with the names of both sides, with which it begins, are no lines of them. */
export function Diff({ text, label }: { text: string; label: string }) {
  const lines = text.replace(/\n$/, '').split('\n')
  const heads = lines[0]?.startsWith('--- ') && lines[1]?.startsWith('+++ ') ? 2 : 0
  return (
    <pre class="diff" tabIndex={0} role="region" aria-label={`Difference of ${label}`}>
      <code>
        {lines.map((line, index) => (
          <span key={index} class={`line ${index < heads ? 'head' : (kinds[line.charAt(0)] ?? '')}`}>
            {line}
            {'\n'}
          </span>
        ))}
      </code>
    </pre>
  )
}
