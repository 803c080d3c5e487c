import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Failure } from '../data/client.ts'
import { Dialog, DialogHead } from './dialog.tsx'
import { Trouble } from './parts.tsx'

interface ChoiceDialogProps {
  title: string
  /** What is chosen among: `Roles`. */
  label: string
  choices: { name: string; note: string }[]
  submit: string
  busy: boolean
  failure: Failure | undefined
  onSubmit: (chosen: string[]) => void
  onClose: () => void
  /** Above the choices. */
  children?: ComponentChildren
}

/** Some of many, by their boxes. */
export function ChoiceDialog({ title, label, choices, onSubmit, onClose, ...rest }: ChoiceDialogProps) {
  const { submit, busy, failure, children } = rest
  const [chosen, setChosen] = useState<string[]>([])
  return (
    <Dialog label={title} onClose={onClose}>
      <DialogHead title={title} onClose={onClose} />
      <div class="inside form">
        <Trouble failure={failure} />
        {children}
        <div class="choices" role="group" aria-label={label}>
          {choices.map(({ name, note }) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={({ currentTarget: { checked } }) =>
                  setChosen(checked ? [...chosen, name] : chosen.filter((one) => one !== name))
                }
              />
              {name}
              <small class="clip">{note}</small>
            </label>
          ))}
        </div>
      </div>
      <footer>
        <button type="button" class="button" onClick={onClose}>
          Leave it
        </button>
        <button
          type="button"
          class="button first"
          disabled={busy || chosen.length === 0}
          onClick={() => onSubmit(chosen)}
        >
          {submit}
        </button>
      </footer>
    </Dialog>
  )
}
