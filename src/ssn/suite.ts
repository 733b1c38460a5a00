import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { sha256 } from '../storage/sha256.ts'

/** RFC 9180 with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. */
export const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
})

/** RFC 9180's `info`: keeps these ciphertexts apart from anything else sealed to the same key. */
export const INFO = new TextEncoder().encode('clinic-insurances ssn v1')

/** The encapsulated key, an X25519 point, is the first part of what is stored. */
export const ENCAPSULATED_KEY_BYTES = 32

/** The record that an SSN belongs to. It is authenticated with the ciphertext, which opens for this record only. */
export type SsnOwner = {
  clinicId: string
  table: string
  ownableType: string
  ownableId: number
  /** Random, and fixed when the record is created: it tells siblings apart. */
  uid: string
}

/** RFC 9180's `aad`: the record, and the digits that are stored in the clear. JSON keeps the parts apart. */
export const authenticatedData = (
  { clinicId, table, ownableType, ownableId, uid }: SsnOwner,
  lastFour: string,
) =>
  new TextEncoder().encode(JSON.stringify([clinicId, table, ownableType, ownableId, uid, lastFour]))

/** The first 8 hex digits of SHA-256 over the raw public key: names the key that opens a record. */
export const keyIdOf = async (publicKey: Uint8Array<ArrayBuffer>) =>
  (await sha256(publicKey)).slice(0, 8)
