import type { NodeSummary } from '../../protocol/views.ts'
import { to } from '../route.ts'
import { audited, behind, disabled, nodeLooks, offline } from '../status.ts'
import { Status } from './parts.tsx'

/** How a node stands, and all that is special about it. */
export function NodeStatus({ node }: { node: NodeSummary }) {
  return (
    <span class="chips">
      <Status look={nodeLooks[node.state]} title={node.reason ?? undefined} />
      {!node.connected && node.state !== 'revoked' && <Status look={offline} />}
      {node.disabled && <Status look={disabled} title={`${node.disabled.by}: ${node.disabled.reason}`} />}
      {node.audit && <Status look={audited} title={`${node.audit.by}: ${node.audit.reason}`} />}
      {node.behind && node.state !== 'pending' && node.state !== 'new' && (
        <Status look={behind} title="It has not converged to its newest catalog yet." />
      )}
    </span>
  )
}

export function Roles({ roles }: { roles: string[] }) {
  if (roles.length === 0) return <span class="faint">none</span>
  return (
    <span class="chips">
      {roles.map((role) => (
        <a key={role} class="chip" href={to('roles', role)}>
          {role}
        </a>
      ))}
    </span>
  )
}
