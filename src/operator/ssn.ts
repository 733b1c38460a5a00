import { decodeBase64Url, encodeBase64Url } from 'hono/utils/encode'
import type { SealedSsn } from '../ssn/seal.ts'
import {
  authenticatedData,
  ENCAPSULATED_KEY_BYTES,
  INFO,
  keyIdOf,
  suite,
  type SsnOwner,
} from '../ssn/suite.ts'

/** A key pair in base64url (32 bytes each) and the id that sealed records carry. */
export type SsnKeyPair = { keyId: string; publicKey: string; privateKey: string }

export async function makeSsnKeyPair(): Promise<SsnKeyPair> {
  const pair = await suite.kem.generateKeyPair()
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))
  const privateKey = await suite.kem.serializePrivateKey(pair.privateKey)
  return {
    keyId: await keyIdOf(publicKey),
    publicKey: encodeBase64Url(publicKey.buffer),
    privateKey: encodeBase64Url(privateKey),
  }
}

/** Opens a sealed SSN to its nine digits. Rejects for another key, another record or altered digits or bytes. */
export async function openSsn(
  { sealed, lastFour }: Pick<SealedSsn, 'sealed' | 'lastFour'>,
  owner: SsnOwner,
  privateKey: string,
): Promise<string> {
  const bytes = decodeBase64Url(sealed)
  const recipient = await suite.createRecipientContext({
    recipientKey: await suite.kem.deserializePrivateKey(decodeBase64Url(privateKey).buffer),
    enc: bytes.slice(0, ENCAPSULATED_KEY_BYTES).buffer,
    info: INFO,
  })
  const digits = await recipient.open(
    bytes.slice(ENCAPSULATED_KEY_BYTES).buffer,
    authenticatedData(owner, lastFour),
  )
  return new TextDecoder().decode(digits)
}
