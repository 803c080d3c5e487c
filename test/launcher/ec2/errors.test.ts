import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AwsError, isThrottled } from '../../../launcher/ec2/errors.ts'

const call = { action: 'RunInstances', target: 'walking-master-1', region: 'eu-west-1' }

function answered(name: string, status: number, words = 'No.') {
  return new AwsError(
    Object.assign(new Error(words), { name, $metadata: { httpStatusCode: status, requestId: 'r-1' } }),
    call,
  )
}
const broken = (code: string) => new AwsError(Object.assign(new Error('gone'), { code }), call)
const nobody = (words: string) =>
  new AwsError(Object.assign(new Error(words), { name: 'CredentialsProviderError' }), call)

test('AWS is quoted with its code and request, with what was asked of what, and what to do next', () => {
  const { message } = answered('VcpuLimitExceeded', 400, 'You have requested more vCPU capacity than your limit of 8.')
  assert.equal(
    message,
    'RunInstances of walking-master-1 in eu-west-1: You have requested more vCPU capacity than your limit of 8. (VcpuLimitExceeded, request r-1)\nAsk for more in the AWS console (Service Quotas, Amazon EC2, running instances), or stop machines that nobody needs.',
  )
})

test('it is known which failures may have done what was asked', () => {
  const undecided = [answered('InternalError', 500), answered('Unavailable', 503), broken('ECONNRESET'), broken('')]
  assert(undecided.every(({ isUndecided }) => isUndecided))
  assert.match(broken('ECONNRESET').message, /Whether it was done is not known\. Ask again: it is not done twice\.$/)
  const decided = [
    answered('InsufficientInstanceCapacity', 500),
    answered('RequestLimitExceeded', 503),
    answered('InvalidParameterValue', 400),
    broken('ECONNREFUSED'),
    broken('ENOTFOUND'),
    new AwsError(new Error('Region is missing'), call),
    nobody('Could not load it'),
  ]
  assert.deepEqual(
    decided.filter(({ isUndecided }) => isUndecided).map(({ code }) => code),
    [],
  )
})

test('a full zone is not taken for throttling, which is waited out', () => {
  assert(!isThrottled(answered('InsufficientInstanceCapacity', 500)))
  for (const code of ['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'SlowDown']) {
    assert(isThrottled(answered(code, 503)), code)
  }
})

test('who has no region, no credentials or an expired session is told what to do', () => {
  assert.match(new AwsError(new Error('Region is missing'), call).message, /\nSay region in the cluster file/)
  assert.match(nobody('Could not load credentials from any providers').message, /\nSay who you are: AWS_PROFILE/)
  assert.match(nobody('The SSO session associated with this profile has expired.').message, /\nLog in anew/)
})
