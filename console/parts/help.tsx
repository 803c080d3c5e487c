import { goKeys } from '../keys.ts'
import { useMe } from '../me.ts'
import { Dialog, DialogHead } from './dialog.tsx'

const keys = [
  ['/', 'Search for nodes, roles, recipes and pages'],
  ['j', 'Next row'],
  ['k', 'Row before'],
  ['Enter', 'Open the row'],
  ['x', 'Select the row'],
  ['?', 'These keys'],
  ['Esc', 'Close what is open'],
] as const

export function Help({ onClose }: { onClose: () => void }) {
  const me = useMe()
  return (
    <Dialog label="Keys" onClose={onClose} class="high">
      <DialogHead title="Keys" onClose={onClose} />
      <div class="inside">
        <dl class="keys">
          {keys.map(([key, what]) => (
            <>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </>
          ))}
          {Object.entries(goKeys).map(([key, { name }]) => (
            <>
              <dt>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </dt>
              <dd>Go to {name}</dd>
            </>
          ))}
        </dl>
        {me && <p class="version muted">The server is Trivet {me.version}.</p>}
      </div>
    </Dialog>
  )
}
