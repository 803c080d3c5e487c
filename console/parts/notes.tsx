import { forget, notes } from '../data/notes.ts'
import { useSignal } from '../data/signal.ts'
import { Icon } from './icon.tsx'

export function Notes() {
  return (
    <div class="notes" role="status" aria-live="polite">
      {useSignal(notes).map(({ id, text, tone, href }) => (
        <div class="note" key={id}>
          <span class={tone === 'failed' ? 'tone-bad' : 'tone-good'}>
            <Icon name={tone === 'failed' ? 'failed' : 'check'} />
          </span>
          <p class="grow">
            {text} {href && <a href={href}>See it</a>}
          </p>
          <button type="button" class="button bare small" aria-label="Close" onClick={() => forget(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
