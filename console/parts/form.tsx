import type { ComponentChildren } from 'preact'
import type { Failure } from '../data/client.ts'
import { Dialog, DialogHead } from './dialog.tsx'
import { Trouble } from './parts.tsx'

interface FieldProps {
  name: string
  label: string
  value?: string
  hint?: string
  required?: boolean
}

export function Field({ name, label, value = '', hint, required = false }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" name={name} defaultValue={value} required={required} autocomplete="off" spellcheck={false} />
      {hint && <small>{hint}</small>}
    </label>
  )
}

export function SelectField({ name, label, options }: FieldProps & { options: readonly string[] }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select class="select" name={name}>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  )
}

interface FormProps {
  title: string
  submit: string
  busy: boolean
  failure: Failure | undefined
  onSubmit: (form: FormData) => void
  onClose: () => void
  children: ComponentChildren
}

/** A form in a dialog. */
export function FormDialog({ title, submit, busy, failure, onSubmit, onClose, children }: FormProps) {
  function send(event: SubmitEvent) {
    event.preventDefault()
    if (event.currentTarget instanceof HTMLFormElement) onSubmit(new FormData(event.currentTarget))
  }
  return (
    <Dialog label={title} onClose={onClose}>
      <DialogHead title={title} onClose={onClose} />
      <form onSubmit={send}>
        <div class="inside form">
          <Trouble failure={failure} />
          {children}
        </div>
        <footer>
          <button type="button" class="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class="button first" disabled={busy}>
            {submit}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

interface OnceProps {
  title: string
  /** What to do with it. */
  say: string
  secret: string
  onClose: () => void
}

/** A secret that is shown this once. */
export function Once({ title, say, secret, onClose }: OnceProps) {
  return (
    <Dialog label={title} onClose={onClose}>
      <DialogHead title={title} onClose={onClose} />
      <div class="inside form">
        <p>It is shown this once. {say}</p>
        <pre class="text-block">{secret}</pre>
      </div>
      <footer>
        <button type="button" class="button first" onClick={onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  )
}

/** What was typed into a field. */
export function textIn(form: FormData, name: string) {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

export function wordsIn(form: FormData, name: string) {
  return textIn(form, name)
    .split(/[\s,]+/)
    .filter(Boolean)
}
