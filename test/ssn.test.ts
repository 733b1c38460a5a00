import { describe, expect, it } from 'vitest'
import { makeSsnKeyPair, openSsn } from '../src/ssn/open.ts'
import { sealSsn, SsnKeyError } from '../src/ssn/seal.ts'

const owner = {
  clinicId: 'riverside',
  table: 'person_informations',
  ownableType: 'Patient',
  ownableId: 1049,
} as const

describe('a sealed SSN', () => {
  it('opens with the private key, for its owner', async () => {
    const key = await makeSsnKeyPair()

    const sealed = await sealSsn('987654320', owner, key.publicKey)

    expect(sealed).toMatchObject({ keyId: key.keyId, lastFour: '4320' })
    expect(await openSsn(sealed.sealed, owner, key.privateKey)).toBe('987654320')
  })

  it('is another ciphertext each time', async () => {
    const key = await makeSsnKeyPair()

    const once = await sealSsn('987654320', owner, key.publicKey)
    const again = await sealSsn('987654320', owner, key.publicKey)

    expect(once.sealed).not.toBe(again.sealed)
  })

  it.each([
    ['another clinic', { clinicId: 'lakeside' }],
    ['the other table', { table: 'dependents' } as const],
    ['another type', { ownableType: 'Account' }],
    ['another ownable', { ownableId: 1050 }],
  ])('does not open for %s', async (_, other) => {
    const key = await makeSsnKeyPair()
    const sealed = await sealSsn('987654320', owner, key.publicKey)

    const opening = openSsn(sealed.sealed, { ...owner, ...other }, key.privateKey)

    await expect(opening).rejects.toThrow()
  })

  it('does not open with another key or when a bit has flipped', async () => {
    const [key, other] = [await makeSsnKeyPair(), await makeSsnKeyPair()]
    const { sealed } = await sealSsn('987654320', owner, key.publicKey)
    const flipped = sealed.slice(0, 60) + (sealed[60] === 'A' ? 'B' : 'A') + sealed.slice(61)

    await expect(openSsn(sealed, owner, other.privateKey)).rejects.toThrow()
    await expect(openSsn(flipped, owner, key.privateKey)).rejects.toThrow()
  })

  it.each([undefined, '', 'not a key', 'AAAA'])('is not made with the key %j', async (key) => {
    await expect(sealSsn('987654320', owner, key)).rejects.toThrow(SsnKeyError)
  })
})
