import { goQuery } from '../router.ts'

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
