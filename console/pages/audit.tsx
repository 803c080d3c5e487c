import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { useList } from '../data/use-call.ts'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { goQuery, usePlace } from '../router.ts'
import { timeOf } from '../text.ts'

type Row = z.output<typeof api.listAudit.output>['items'][number]

/** Every write: who, when, and what it was before and after. */
export function Audit() {
  const { query } = usePlace()
  const { value, failure } = useList(api.listAudit, { limit: 1000 }, { every: 10_000 })
  const text = (query['q'] ?? '').toLowerCase()
  const rows = value?.filter((row) => !text || JSON.stringify(row).toLowerCase().includes(text))
  return (
    <>
      <PageHead title="Audit" lead="Every write: who, when, what it was before and after." />
      <div class="filters" role="search">
        <input
          class="input search"
          type="search"
          placeholder="Who, what or about what"
          aria-label="Who, what or about what"
          value={query['q'] ?? ''}
          onInput={({ currentTarget }) => goQuery({ q: currentTarget.value }, { replace: true })}
        />
      </div>
      <Trouble failure={failure} />
      <section class="card">
        {!rows && !failure && <Loading />}
        {rows?.length === 0 && <Empty title="No such writes" />}
        <div class="events">
          {rows?.map((row, index) => (
            <AuditRow key={`${row.at} ${index}`} row={row} />
          ))}
        </div>
      </section>
    </>
  )
}

function AuditRow({ row: { at, author, action, subject, before, after } }: { row: Row }) {
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
        <div class="columns">
          <Side name="Before" value={before} />
          <Side name="After" value={after} />
        </div>
      </div>
    </details>
  )
}

function Side({ name, value }: { name: string; value: unknown }) {
  return (
    <div>
      <h3>{name}</h3>
      <pre class="text-block">{value === null || value === undefined ? '—' : JSON.stringify(value, null, 2)}</pre>
    </div>
  )
}
