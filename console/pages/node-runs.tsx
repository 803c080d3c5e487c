import { api } from '../../protocol/api.ts'
import { useList } from '../data/use-call.ts'
import { Loading, Trouble } from '../parts/parts.tsx'
import { RunTable } from '../parts/run-parts.tsx'

export function NodeRuns({ node }: { node: string }) {
  const { value, failure } = useList(
    api.listRuns,
    { node, limit: 100 },
    { live: (event) => event.type === 'run' && event.run.node === node },
  )
  return (
    <>
      <Trouble failure={failure} />
      <section class="card">
        {value ? <RunTable runs={value} showNode={false} label={`Runs of ${node}`} /> : !failure && <Loading />}
      </section>
    </>
  )
}
