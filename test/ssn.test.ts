import { describe, expect, it } from 'vitest'
import { makeSsnKeyPair, openSsn } from '../src/ssn/open.ts'
import { sealSsn, SsnKeyError } from '../src/ssn/seal.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

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

describe('an SSN that was posted', () => {
  it.each([
    ['person_informations', aPersonInformation, 'ownable_id'],
    ['dependents', aDependent, 'primary_holder_id'],
  ] as const)('is stored sealed and nowhere plain: %s', async (table, aRecord, _) => {
    const clinic = await worker.clinic()
    const ownableId = await clinic.ownable()
    await clinic.post(`/${table}`, aRecord(ownableId, { ssn: '987-65-4329' }))

    const row = await worker.env.DB.prepare(`SELECT * FROM ${table} WHERE clinic_id = ?`)
      .bind(clinic.clinicId)
      .first()

    expect(JSON.stringify(row)).not.toMatch(/987-?65-?4329/)
    expect(row).toMatchObject({ ssn_key_id: worker.ssnKey.keyId, ssn_last_four: '4329' })
    const opened = await openSsn(
      String(row?.ssn_sealed),
      { clinicId: clinic.clinicId, table, ownableType: 'Patient', ownableId },
      worker.ssnKey.privateKey,
    )
    expect(opened).toBe('987654329')
  })

  it.each([
    ['person_informations', aPersonInformation],
    ['dependents', aDependent],
  ] as const)('is masked in every answer: %s', async (list, aRecord) => {
    const clinic = await worker.clinic()
    const ownableId = await clinic.ownable()

    const created = await clinic.post(`/${list}`, aRecord(ownableId, { ssn: '987654328' }))
    const listed = await clinic.get(`/${list}`)
    const refused = await clinic.post(
      `/${list}`,
      aRecord(ownableId, { ssn: '987654328', first_name: '' }),
    )

    const [one, many, none] = [await created.text(), await listed.text(), await refused.text()]
    expect(JSON.parse(one).ssn).toBe('***-**-4328')
    expect(JSON.parse(many)[list][0].ssn).toBe('***-**-4328')
    expect(one + many + none).not.toContain('987654328')
    expect(JSON.stringify(worker.logs())).not.toContain('987654328')
  })
})
