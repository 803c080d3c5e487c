import type { FastifyBaseLogger } from 'fastify'
import { isFinal } from '../protocol/views.ts'
import type { Happenings } from './happenings.ts'

/** One line for each that happens. `node`, `run` and `order` are the same in every line, so that one search finds all of a run or an order. */
export function logHappenings(happenings: Happenings, log: FastifyBaseLogger) {
  happenings.on('connected', ({ name: node }) => log.info({ node }, 'agent connected'))
  happenings.on('gone', ({ name: node }) => log.info({ node }, 'agent gone'))
  happenings.on('order', ({ id: order, mode, author, targets }) =>
    log.info({ order, mode, author, nodes: targets.length }, 'order given'),
  )
  happenings.on('target', ({ order, target: { node, state, reason, run } }) => {
    const level = isFinal(state) ? 'info' : 'debug'
    log[level]({ order, node, ...(run && { run }), state, ...(reason && { reason }) }, 'order target')
  })
  happenings.on('attempt', ({ attempt: { status, error, ms }, ...delivery }) =>
    log[error === null ? 'info' : 'warn'](
      { ...delivery, status, ms, ...(error !== null && { error }) },
      'webhook told',
    ),
  )
  happenings.on('forgotten', (told) => log.info(told, 'forgot what is kept no longer'))
  happenings.on('run', ({ node, run, events }) => {
    const { id, mode, trigger, orders, outcome, counts, startedAt, finishedAt, error } = run
    const failed = events.filter((event) => event.outcome === 'failed').map((event) => event.id)
    const line = { run: id, node: node.name, orders, mode, trigger, outcome, counts, ms: finishedAt - startedAt }
    const why = { ...(failed.length > 0 && { failed }), ...(error !== undefined && { error }) }
    log[outcome === 'failed' ? 'warn' : 'info']({ ...line, ...why }, 'run stored')
  })
}
