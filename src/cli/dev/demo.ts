import { createClinic } from '../../clinics/queries.ts'
import { coverages } from '../../resources/coverage.ts'
import { dependents } from '../../resources/dependent.ts'
import { PATIENT } from '../../fields/ownable-type.ts'
import { insertOwnables } from '../../operator/ownables.ts'
import { personInformations } from '../../resources/person-information.ts'
import { countActivePlans, publishPlans, type CataloguePlan } from '../../operator/publish-plans.ts'
import { creator } from '../../records/create.ts'
import { ownKey } from '../../records/idempotency.ts'
import type { Given, Resource } from '../../records/resource.ts'
import { recordToStore } from '../../records/given.ts'
import { newRecord, SCOPES, stateOf } from '../../tokens/record.ts'
import { listTokens, putToken } from '../../operator/tokens.ts'
import { tokenIdOf, tokenKey, withChecksum } from '../../tokens/token.ts'
import type { Store } from '../environment/open.ts'

const demoToken = (secret: string, cell?: string) =>
  withChecksum(`clinic_${cell ? `${cell}_` : ''}${secret.padEnd(43, '0')}`)

/** Fixed, so that the README's commands work as pasted. They exist only in local state. */
export const DEMO_TOKENS = {
  riverside: demoToken('RiversideDemo'),
  lakeside: demoToken('LakesideDemo'),
}

const NAMES = `
  Amélie Laurent 1984-02-29 · Björn Ásgeirsson 1971-11-03 · Chiamaka Okafor 1990-06-17
  Đặng Thị-Hoa 1965-09-08 · Eoghan O'Sullivan 1958-12-31 · Fatima Al-Zahra 2001-01-01
  Giulia D'Angelo 1979-07-22 · Hiroshi 田中 1949-04-05 · Ines García-López 1993-10-12
  Jean-Luc Dubois 1988-03-14 · Kwame Mensah 1976-08-19 · Łucja Wiśniewska 1969-05-27
  Mei-Ling 陳 1995-02-02 · Noor van-der-Berg 2003-11-30 · Óscar Núñez 1981-06-06
  Priya Subramaniam 1987-09-25 · Quinn O'Hara-3rd 1999-12-12 · Ravi Chandrasekhar 1954-01-20
  Siobhán Ní-Bhriain 1962-04-18 · Tomáš Dvořák 1991-07-07 · Ülkü Yılmaz 1973-10-29
  Véronique Lefèvre 1985-08-08 · Winston Achebe 1946-02-14 · Xóchitl Hernández 1997-05-05
  Yuki 佐藤 2005-03-03 · Zsófia Szabó 1978-12-24 · Aroha Te-Rangi 1983-01-26
  Bilal Hussain 1992-11-11 · Carmen Ruiz 1960-06-30 · Dmitri Волков 1975-09-01
  Elif Demir 1989-04-23 · Farid Haddad 1967-08-15 · Grace Wanjiru 1994-12-01
  Håkon Solberg 1952-05-17 · Isla MacLeod 2000-02-29 · João Gonçalves 1986-06-10
`

const PERSON = /(?<first_name>\S+) (?<last_name>\S+) (?<date_of_birth>\d{4}-\d\d-\d\d)/g
const PEOPLE = [...NAMES.matchAll(PERSON)].map(({ groups }) => ({ ...groups }))

const CHILDREN = ['Ada', 'Benoît', 'Çelik', 'Dara', 'Émile', 'Femi', 'Grete', 'Hugo', 'Ida', 'José']

const CARRIERS = [
  ...['Harbor Mutual', 'Northwind Health', 'Prairie Shield'],
  ...['Sable & Finch', 'Solène Santé', 'Union Verde'],
]
const PLAN_TYPES = ['HMO', 'PPO', 'EPO', 'POS', 'HDHP']
const TIERS = ['Essential', 'Premier']

/** Sixty plans. Coverage details differ by carrier and by plan type, as real ones do. */
const PLANS: CataloguePlan[] = CARRIERS.flatMap((carrier, c) =>
  PLAN_TYPES.flatMap((planType, p) =>
    TIERS.map((tier, t) => ({
      external_id: `DEMO-${c + 1}${p + 1}${t + 1}`,
      plan_name: `${carrier} ${tier} ${planType}`,
      carrier,
      plan_type: planType,
      coverage_details: {
        deductible: planType === 'HDHP' ? 3000 : 500 + 250 * ((c + p) % 5) - 250 * t,
        copay: planType === 'HDHP' ? null : 15 + 5 * ((c + 2 * p) % 4),
        out_of_pocket_max: 4000 + 500 * ((2 * c + p) % 6),
        ...(planType === 'HMO' && { referral_required: true, network: 'regional' }),
        ...(planType === 'PPO' && { out_of_network_coinsurance: 0.4 }),
        ...(planType === 'HDHP' && { hsa_eligible: true }),
        ...(carrier === 'Solène Santé' && { currency: 'EUR', dental: tier === 'Premier' }),
        ...(carrier === 'Sable & Finch' && { telehealth: { visits: 12, copay: 0 } }),
      },
      active: (c + p + t) % 7 !== 3,
    })),
  ),
)

const FEW = PEOPLE.slice(0, 8).reverse()

const CLINICS = [
  { clinicId: 'riverside', secret: 'RiversideDemo', firstPatientId: 1040, people: PEOPLE },
  { clinicId: 'lakeside', secret: 'LakesideDemo', firstPatientId: 2001, people: FEW },
]

/** A local store's cell, if any, and the origins of all cells. */
type Here = { cell: string | undefined; origins: Record<string, string> }

/** The demo's clinics of this cell: the first cell has the first, the second cell the second. Without cells, both. */
const clinicsOf = ({ cell, origins }: Here) =>
  CLINICS.filter((_, n) => cell === undefined || Object.keys(origins)[n] === cell).map(
    ({ secret, ...clinic }) => ({ ...clinic, token: demoToken(secret, cell) }),
  )

/** The live tokens of the demo's clinics in this cell, by clinic. */
export async function liveDemoTokens({ kv }: Pick<Store, 'kv'>, here: Here) {
  const live: Record<string, string> = {}
  for (const { clinicId, token } of clinicsOf(here)) {
    const [stored] = await listTokens(kv, tokenIdOf(await tokenKey(token)))
    if (stored && stateOf(stored.record) === 'live') live[clinicId] = token
  }
  return live
}

export async function isEmpty({ db, kv }: Pick<Store, 'db' | 'kv'>): Promise<boolean> {
  const [plans, tokens] = await Promise.all([countActivePlans(db), listTokens(kv)])
  return plans === 0 && tokens.length === 0
}

/** Fills an empty local store with clinics, tokens, people and plans. */
export async function loadDemo(
  { db, kv }: Pick<Store, 'db' | 'kv'>,
  ssnPublicKey: string,
  here: Here = { cell: undefined, origins: {} },
): Promise<void> {
  await publishPlans(db, kv, PLANS)
  for (const { clinicId, token, firstPatientId, people } of clinicsOf(here)) {
    // Four patients have no record yet.
    const patients = Array.from({ length: people.length + 4 }, (_, n) => firstPatientId + n)
    const ownables = patients.map((id) => ({ type: PATIENT, id }))
    await createClinic(db, clinicId)
    await insertOwnables(db, clinicId, ownables)
    const records = people.flatMap((person, n) => [...recordsOf(person, n, firstPatientId + n)])
    for (const [resource, own] of Map.groupBy(records, ([resource]) => resource)) {
      const stored = await Promise.all(
        own.map(([, given]) => recordToStore(resource, clinicId, given, ssnPublicKey)),
      )
      await creator(resource)(db, ownKey({ clinicId, tokenId: 'demo' }), stored)
    }
    const record = newRecord({ clinic_id: clinicId, label: 'demo', scopes: [...SCOPES] })
    await putToken(kv, token, record)
  }
}

/**
 * The records of the n-th patient. Each has a coverage, and every fourth a second one. Four in five have an SSN on
 * file, and two in three a dependent.
 */
function* recordsOf(person: Given, n: number, id: number): Generator<[Resource, Given]> {
  const information = {
    ownable_id: id,
    ownable_type: PATIENT,
    ...person,
    ssn: n % 5 === 4 ? null : sampleSsn(n),
    phone: n % 6 === 5 ? null : `+1-202-555-01${10 + n}`,
    email: n % 4 === 3 ? null : `patient.${id}@example.com`,
  }
  yield [personInformations, information]
  const member_id = `M ${String(100 + n).padStart(7, '0')}`
  const insured = { patient_id: id, member_id, relationship: 'self', starts_on: '2026-01-01' }
  yield [coverages, { ...insured, plan_id: 1 + n, group_number: '0042', priority: 1 }]
  if (n % 4 === 0) yield [coverages, { ...insured, carrier: 'Alpine Kasse', priority: 2 }]
  if (n % 3 === 2) return
  const child = {
    primary_holder_id: id,
    ...person,
    relationship: 'child',
    first_name: CHILDREN[n % CHILDREN.length] ?? '',
    date_of_birth: `${2008 + (n % 12)}-0${1 + (n % 9)}-1${n % 10}`,
    ssn: n % 2 === 0 ? sampleSsn(n + 5) : null,
  }
  yield [dependents, child]
}

/** One of the ten numbers that the Social Security Administration reserves for advertisements. */
const sampleSsn = (n: number) => `98765432${n % 10}`
