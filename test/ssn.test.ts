import { describe, expect, it } from 'vitest'
import { makeSsnKeyPair, openSsn } from '../src/operator/ssn.ts'
import { sealSsn, SsnKeyError } from '../src/ssn/seal.ts'

const owner = {
  clinicId: 'riverside',
  table: 'person_informations',
  ownableType: 'Patient',
  ownableId: 1049,
  uid: '6f1c2c1e-7d5a-4c55-9f0e-2b8f0f6d2a11',
}

/** Made once, with a key of its own: what is stored today must open for ever. */
const KEPT = {
  privateKey: '4OLYiLZObUP9cU-o2LprRlryi7CVkEszucjQS1OqCGM=',
  keyId: '3676bf0b',
  sealed: 'wYfEp-itaBmvwKZYjkmttyyVONC9QfZHXHsBcqR2PgK7KUclbaKtLJDlssd9xnA4AWN9MqdS-Yy9',
  lastFour: '4320',
}

describe('a sealed SSN', () => {
  it('opens with the private key, for its record', async () => {
    const key = await makeSsnKeyPair()

    const sealed = await sealSsn('987654320', owner, key.publicKey)

    expect(sealed).toMatchObject({ keyId: key.keyId, lastFour: '4320' })
    expect(await openSsn(sealed, owner, key.privateKey)).toBe('987654320')
  })

  it('that was stored long ago opens still', async () => {
    expect(await openSsn(KEPT, owner, KEPT.privateKey)).toBe('987654320')
  })

  it('is another ciphertext each time', async () => {
    const key = await makeSsnKeyPair()

    const once = await sealSsn('987654320', owner, key.publicKey)
    const again = await sealSsn('987654320', owner, key.publicKey)

    expect(once.sealed).not.toBe(again.sealed)
  })

  it.each([
    ['another clinic', { clinicId: 'lakeside' }],
    ['the other table', { table: 'dependents' }],
    ['another type', { ownableType: 'Account' }],
    ['another ownable', { ownableId: 1050 }],
    ["a sibling's record", { uid: '6f1c2c1e-7d5a-4c55-9f0e-2b8f0f6d2a12' }],
  ])('does not open for %s', async (_, other) => {
    const key = await makeSsnKeyPair()
    const sealed = await sealSsn('987654320', owner, key.publicKey)

    const opening = openSsn(sealed, { ...owner, ...other }, key.privateKey)

    await expect(opening).rejects.toThrow()
  })

  it('does not open with another key, beside other last digits, or when a bit has flipped', async () => {
    const [key, other] = [await makeSsnKeyPair(), await makeSsnKeyPair()]
    const ssn = await sealSsn('987654320', owner, key.publicKey)
    const { sealed } = ssn
    const flipped = sealed.slice(0, 60) + (sealed[60] === 'A' ? 'B' : 'A') + sealed.slice(61)

    await expect(openSsn(ssn, owner, other.privateKey)).rejects.toThrow()
    await expect(openSsn({ ...ssn, lastFour: '4321' }, owner, key.privateKey)).rejects.toThrow()
    await expect(openSsn({ ...ssn, sealed: flipped }, owner, key.privateKey)).rejects.toThrow()
  })

  // The last is a point of low order: a key by its form, that nothing can be sealed to.
  it.each([undefined, '', 'not a key', 'AAAA', 'A'.repeat(43)])(
    'is not made with the key %j',
    async (key) => {
      await expect(sealSsn('987654320', owner, key)).rejects.toThrow(SsnKeyError)
    },
  )
})
