import { goQuery } from '../router.ts'
import { timeOf } from '../text.ts'

interface ChoiceProps {
  name: string
  label: string
  options: readonly string[]
  query: Record<string, string | undefined>
}

/** A filter with few values, kept in the URL. */
export function Choice({ name, label, options, query }: ChoiceProps) {
  return (
    <select
      class="select"
      aria-label={label}
      value={query[name] ?? ''}
      onChange={({ currentTarget }) => goQuery({ [name]: currentTarget.value, page: undefined, after: undefined })}
    >
      <option value="">{label}</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  )
}

/** A moment, by the browser's clock; in the URL as ms since 1970. */
export function TimeFilter({ name, label, query }: TextProps) {
  const at = Number(query[name])
  function change(text: string) {
    const ms = new Date(text).getTime()
    goQuery({ [name]: Number.isNaN(ms) ? undefined : String(ms), after: undefined })
  }
  return (
    <label class="when">
      <span class="muted">{label}</span>
      <input
        class="input"
        type="datetime-local"
        value={at ? timeOf(at).slice(0, 16).replace(' ', 'T') : ''}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
    </label>
  )
}

interface TextProps {
  name: string
  label: string
  query: Record<string, string | undefined>
}

/** A filter that is typed, kept in the URL; it is asked for when it is left, or by Enter. */
export function TextFilter({ name, label, query }: TextProps) {
  return (
    <input
      class="input search"
      type="search"
      placeholder={label}
      aria-label={label}
      value={query[name] ?? ''}
      onChange={({ currentTarget }) => goQuery({ [name]: currentTarget.value.trim(), after: undefined })}
    />
  )
}
