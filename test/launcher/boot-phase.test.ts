import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeBoot, readBoot } from '../../launcher/boot-phase.ts'

const waiting = `[    1.2] random: crng init done\r
\u001b[0;32m  OK  \u001b[0m Reached target network-online.target\r
trivet-boot: phase begin\r
trivet-boot: phase server\r
trivet-boot: | curl: (7) Failed to connect to 10.0.0.1 port 8443: Connection refused\r
`
const failed = `${waiting}trivet-boot: phase join
trivet-boot: failed in join with exit code 1
trivet-boot: | trivet: joined nothing
trivet-boot: | the token was used
[FAILED] Failed to start cloud-final.service
`

test('the phase of a boot under way, and what it waits for', () => {
  assert.deepEqual(readBoot(waiting), {
    phase: 'server',
    failed: false,
    reason: ['curl: (7) Failed to connect to 10.0.0.1 port 8443: Connection refused'],
  })
})

test('the phase of a boot that failed, and why', () => {
  assert.deepEqual(readBoot(failed), {
    phase: 'join',
    failed: true,
    reason: ['trivet: joined nothing', 'the token was used'],
  })
  assert.deepEqual(readBoot(`${failed}trivet-boot: phase begin\ntrivet-boot: phase joined\n`), {
    phase: 'joined',
    failed: false,
    reason: [],
  })
  assert.deepEqual(readBoot('login:'), { failed: false, reason: [] })
})

test('what people read of a boot', () => {
  assert.equal(
    describeBoot(failed, 2),
    `its boot failed in phase join
  trivet: joined nothing
  the token was used
  The last lines of its console:
  trivet-boot: | the token was used
  [FAILED] Failed to start cloud-final.service`,
  )
  assert.match(describeBoot(waiting), /^its boot came to phase server\n {2}curl: \(7\)/)
  assert.match(describeBoot('GRUB\n'), /^its console shows nothing of its user data\n.*\n {2}GRUB$/)
  assert.equal(describeBoot('\n'), 'its console shows nothing yet')
})
