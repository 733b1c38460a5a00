import { decodeBase64Url, encodeBase64Url } from 'hono/utils/encode'
import { authenticatedData, INFO, keyIdOf, suite, type SsnOwner } from './suite.ts'

/** What is stored of an SSN. `sealed` is base64url of the encapsulated key and the ciphertext. */
export type SealedSsn = { keyId: string; sealed: string; lastFour: string }

/** There is no usable public key to seal to: the operator's mistake, not the client's. */
export class SsnKeyError extends Error {
  override readonly name = 'SsnKeyError'
}

/** Seals nine digits to the public key, 32 bytes in base64url. Throws SsnKeyError. */
export async function sealSsn(
  digits: string,
  owner: SsnOwner,
  publicKey: string | undefined,
): Promise<SealedSsn> {
  const { keyId, key } = await importPublicKey(publicKey)

  const sender = await suite.createSenderContext({ recipientPublicKey: key, info: INFO })
  const ciphertext = await sender.seal(new TextEncoder().encode(digits), authenticatedData(owner))

  const sealed = await new Blob([sender.enc, ciphertext]).arrayBuffer()
  return { keyId, sealed: encodeBase64Url(sealed), lastFour: digits.slice(-4) }
}

async function importPublicKey(publicKey: string | undefined) {
  if (!publicKey) throw new SsnKeyError('SSN_PUBLIC_KEY is not set')
  try {
    const raw = decodeBase64Url(publicKey)
    return { keyId: await keyIdOf(raw), key: await suite.kem.deserializePublicKey(raw.buffer) }
  } catch {
    throw new SsnKeyError('SSN_PUBLIC_KEY is not an X25519 public key in base64url')
  }
}
