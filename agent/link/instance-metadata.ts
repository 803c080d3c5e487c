import { messageOf } from '../../protocol/errors.ts'

/** Where each instance of EC2 finds it. */
export const usualMetadataService = 'http://169.254.169.254'
const answerMs = 5000

/** The instance identity document as AWS signed it (RSA-2048, SHA-256; PKCS7 in base64), by IMDSv2. */
export async function readIdentityDocument(service: string) {
  const token = await ask(service, '/latest/api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' })
  return ask(service, '/latest/dynamic/instance-identity/rsa2048', 'GET', { 'x-aws-ec2-metadata-token': token })
}

async function ask(service: string, path: string, method: string, headers: Record<string, string>) {
  const url = new URL(path, service)
  const signal = AbortSignal.timeout(answerMs)
  try {
    const answer = await fetch(url, { method, headers, redirect: 'error', signal })
    if (answer.ok) return (await answer.text()).trim()
    throw new Error(`it answered ${answer.status}`)
  } catch (cause) {
    throw new Error(
      `the metadata service of EC2 did not give ${url.href}: ${whyNot(cause)}. Is this an instance of EC2, with metadata enabled? Containers need a hop limit of 2.`,
      { cause },
    )
  }
}

/** fetch itself says only that it failed. */
function whyNot(error: unknown) {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
}
