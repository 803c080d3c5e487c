import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { useCall } from '../data/use-call.ts'
import { TextFilter } from '../parts/choice.tsx'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { Older } from '../parts/table.tsx'
import { usePlace } from '../router.ts'
import { timeOf, valueText } from '../text.ts'

type Row = z.output<typeof api.listAudit.output>['items'][number]

const pageSize = 100
const fields = ['text', 'author', 'action', 'subject', 'after']

/** Every write: who, when, from where, and what it was before and after. */
export function Audit() {
  const { query } = usePlace()
  const asked = Object.fromEntries(Object.entries(query).filter(([name, value]) => fields.includes(name) && value))
  const { value, failure } = useCall(api.listAudit, { ...asked, limit: pageSize }, { every: 10_000 })
  return (
    <>
      <PageHead title="Audit" lead="Every write: who, when, from where, and what it was before and after." />
      <div class="filters" role="search">
        <TextFilter name="text" label="Words, in what was written" query={query} />
        <TextFilter name="author" label="Who" query={query} />
        <TextFilter name="action" label="What: assign, create-order" query={query} />
        <TextFilter name="subject" label="About what: web-1" query={query} />
      </div>
      <Trouble failure={failure} />
      <section class="card">
        {!value && !failure && <Loading />}
        {value?.items.length === 0 && <Empty title="No such writes" />}
        <div class="events">
          {value?.items.map((row) => (
            <AuditRow key={row.id} row={row} />
          ))}
        </div>
        <Older after={query['after']} next={value?.next} />
      </section>
    </>
  )
}

function AuditRow({ row: { at, author, token, from, action, subject, before, after } }: { row: Row }) {
  return (
    <details class="event">
      <summary data-row>
        <Icon name="right" />
        <strong>{author}</strong>
        <span>{action}</span>
        <span class="id">{subject}</span>
        <span class="end">{timeOf(at)}</span>
      </summary>
      <div class="body">
        {(token !== null || from !== null) && (
          <p class="muted">
            {token !== null && `with API token ${token} `}
            {from !== null && `from ${from}`}
          </p>
        )}
        <div class="columns">
          <Side name="Before" value={before} />
          <Side name="After" value={after} />
        </div>
      </div>
    </details>
  )
}

function Side({ name, value }: { name: string; value: unknown }) {
  const isNothing = value === null || value === undefined
  return (
    <div>
      <h3>{name}</h3>
      <pre class="text-block">
        {isNothing ? '—' : typeof value === 'string' ? valueText(value) : JSON.stringify(value, null, 2)}
      </pre>
    </div>
  )
}
