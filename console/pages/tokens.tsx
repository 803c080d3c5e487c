import { useMe } from '../me.ts'
import { PageHead } from '../parts/parts.tsx'
import { ApiTokens } from './api-tokens.tsx'
import { JoinTokens } from './join-tokens.tsx'
import { Users } from './users.tsx'

export function Tokens() {
  const me = useMe()
  if (!me) return null
  const isAdmin = me.access === 'admin'
  const isAdminOfAll = isAdmin && me.clusters === 'all'
  return (
    <>
      <PageHead title="Tokens and users" lead="What people and programs call the API with, and what nodes join by." />
      <div class="stack">
        {isAdminOfAll && <Users />}
        <ApiTokens all={isAdminOfAll} />
        {isAdmin && <JoinTokens />}
      </div>
    </>
  )
}
