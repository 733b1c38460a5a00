import { decodeBase64Url, encodeBase64Url } from 'hono/utils/encode'
import { authenticatedData, INFO, keyIdOf, suite, type SsnOwner } from './suite.ts'

/** An SSN as it is stored. `sealed` is base64url of the encapsulated key and the ciphertext. */
export type SealedSsn = { keyId: string; sealed: string; lastFour: string }

/** There is no usable public key to seal to: the operator's mistake, not the client's. */
export class SsnKeyError extends Error {
  override readonly name = 'SsnKeyError'
}

/** Seals nine digits to the public key, 32 bytes in base64url. Throws SsnKeyError. */
export async function sealSsn(digits: string, owner: SsnOwner, publicKey: string | undefined) {
  const { keyId, sender } = await openSender(publicKey)
  const lastFour = digits.slice(-4)
  const plain = new TextEncoder().encode(digits)
  const ciphertext = await sender.seal(plain, authenticatedData(owner, lastFour))

  const sealed = await new Blob([sender.enc, ciphertext]).arrayBuffer()
  return { keyId, sealed: encodeBase64Url(sealed), lastFour } satisfies SealedSsn
}

/** The last public key that was read, and its id: a running Worker has only one. */
let known: { publicKey: string; keyId: string; recipientPublicKey: CryptoKey } | undefined

async function readKey(publicKey: string) {
  if (known?.publicKey === publicKey) return known
  const raw = decodeBase64Url(publicKey)
  const recipientPublicKey = await suite.kem.deserializePublicKey(raw.buffer)
  known = { publicKey, recipientPublicKey, keyId: await keyIdOf(raw) }
  return known
}

/** A low-order point can be read as a key, but fails when it is used. */
async function openSender(publicKey: string | undefined) {
  if (!publicKey) throw new SsnKeyError('SSN_PUBLIC_KEY is not set')
  try {
    const { keyId, recipientPublicKey } = await readKey(publicKey)
    return { keyId, sender: await suite.createSenderContext({ recipientPublicKey, info: INFO }) }
  } catch {
    throw new SsnKeyError('SSN_PUBLIC_KEY is not an X25519 public key in base64url')
  }
}
