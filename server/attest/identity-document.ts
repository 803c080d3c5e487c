import { ContentInfo, SignedData, SignedDataVerifyError, Certificate } from 'pkijs'
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'

const signedData = '1.2.840.113549.1.7.2'
const sha256 = '2.16.840.1.101.3.4.2.1'

/** What of an instance identity document is gone by; it has more. */
const IdentityDocument = z.object({
  accountId: z.string().regex(/^\d{12}$/),
  region: z.string().min(1).max(50),
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
})
export type IdentityDocument = z.infer<typeof IdentityDocument>

/** The document is none, or not by who it should be by. */
export class DocumentError extends Error {
  override name = 'DocumentError'
}

/**
 * What AWS signed, out of the PKCS7 itself (`rsa2048` of the metadata service: base64 without header). Only the pinned certificate of the region that the
 * document names is believed; one that comes with it is not looked at.
 */
export async function verifyDocument(base64: string, certificates: ReadonlyMap<string, string>) {
  const signed = parsed(base64)
  const document = contentOf(signed)
  const pem = certificates.get(document.region)
  if (pem === undefined) throw new DocumentError(`instances of region ${document.region} are not let in`)
  if (!(await isSignedBy(signed, pem)))
    throw new DocumentError(`the signature is not by the certificate of region ${document.region}`)
  return document
}

function parsed(base64: string) {
  try {
    const info = ContentInfo.fromBER(Buffer.from(base64, 'base64'))
    if (info.contentType !== signedData) throw new DocumentError(`${info.contentType} is not signed data`)
    const signed = new SignedData({ schema: info.content })
    const [signer, ...others] = signed.signerInfos
    if (!signer || others.length > 0) throw new DocumentError('it must have one signature')
    if (signer.digestAlgorithm.algorithmId !== sha256)
      throw new DocumentError('it is not signed over SHA-256: send the rsa2048 signature')
    return signed
  } catch (error) {
    if (error instanceof DocumentError) throw error
    throw new DocumentError('it is no PKCS7 in base64', { cause: error })
  }
}

/** What is inside, verified or not. */
function contentOf({ encapContentInfo: { eContent } }: SignedData) {
  const { success, data } = IdentityDocument.safeParse(fromJson(textOf(eContent)))
  if (!success) throw new DocumentError('what the PKCS7 carries is no instance identity document')
  return data
}

function textOf(content: SignedData['encapContentInfo']['eContent']) {
  try {
    if (content) return Buffer.from(content.getValue()).toString()
  } catch (cause) {
    // What is malformed is read as any other type of ASN.1, without a value.
    throw new DocumentError('what the PKCS7 carries is no octet string', { cause })
  }
  throw new DocumentError('the PKCS7 does not carry the document')
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function isSignedBy(signed: SignedData, pem: string) {
  signed.certificates = [Certificate.fromBER(new X509Certificate(pem).raw)]
  try {
    return await signed.verify({ signer: 0 })
  } catch (error) {
    // It names another signer, or what was signed is something else.
    if (error instanceof SignedDataVerifyError) return false
    throw error
  }
}
