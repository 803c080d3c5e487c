import type { Connection } from './connection.ts'
import type { Pace } from './pace.ts'

/** What everything here works with. */
export interface Ec2 extends Connection {
  cluster: string
  pace: Pace
}
