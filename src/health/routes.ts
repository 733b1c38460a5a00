import { accepts } from 'hono/accepts'
import * as z from 'zod'
import { factory } from '../env.ts'
import { describe } from '../http/describe.ts'
import { ApiError, SENTENCES } from '../http/errors.ts'
import { limitAddress } from '../http/limit-rate.ts'
import { refuseQuery } from '../http/validate.ts'
import { COMMIT, VERSION } from '../http/version.ts'
import { SCOPES } from '../tokens/record.ts'
import { reasonsNotReady } from './readiness.ts'
import { builtDocument, OPENAPI } from './reference.ts'

const NAME = 'Clinic Insurances API'
const DOCS = '/docs'

/** The relations of RFC 8631: the description for programs, and the one for people. */
const DESCRIBED_BY = `<${OPENAPI}>; rel="service-desc"; type="application/json", <${DOCS}>; rel="service-doc"; type="text/html"`

const version = z.string().meta({ description: "The API's version.", examples: ['1.0.0'] })

const serviceIndex = z
  .object({
    name: z.string().meta({ examples: ['Clinic Insurances API'] }),
    version,
    openapi: z.string().meta({ examples: ['/openapi.json'] }),
    docs: z.string().meta({ examples: ['/docs'] }),
  })
  .meta({ id: 'ServiceIndex' })

const health = z
  .object({
    status: z.literal('ok'),
    version,
    commit: z
      .string()
      .nullable()
      .meta({ description: 'The commit that it was built from, if known.', examples: ['1a2b3c4'] }),
  })
  .meta({ id: 'Health' })

const readiness = z
  .object({ status: z.literal('ready'), d1: z.literal('ok'), kv: z.literal('ok') })
  .meta({ id: 'Readiness' })

/** An OpenAPI 3.1 document; only its version is described. */
const openapiAnswer = z.looseObject({ openapi: z.string().meta({ examples: ['3.1.1'] }) })

const findingDescription = describe('getServiceIndex', 'Service', 'Find the description', {
  description: 'Sends a browser to the reference and tells a program where the description is.',
  answers: {
    200: { description: 'Where everything is.', body: serviceIndex, headers: ['Link'] },
    302: { description: 'For a browser: the reference.', headers: ['Link', 'Location'] },
  },
})

const gettingDescription = describe('getOpenapiDocument', 'Service', 'Get this description', {
  description: 'For programs: OpenAPI 3.1, made from the schemas that validate requests.',
  answers: {
    200: { description: 'An OpenAPI 3.1 document.', body: openapiAnswer, headers: ['ETag'] },
    304: { description: 'Your copy is up to date.', headers: ['ETag'] },
  },
})

const askingHealth = describe('getHealth', 'Service', 'Ask whether the API is up', {
  description: 'Answered by the Worker alone; no storage is touched.',
  answers: { 200: { description: 'It is.', body: health } },
})

const askingReadiness = describe('getReadiness', 'Service', 'Ask whether the API can serve', {
  description:
    'Reaches D1 and KV, once in ten seconds. Ready means: both answer, no migration is missing, ' +
    'and there is a key to seal SSNs to.',
  answers: {
    200: { description: 'It can.', body: readiness },
    429: {
      description: 'Your address asks too often.',
      refusal: SENTENCES.tooManyRequests[1],
      headers: ['Retry-After', 'RateLimit-Policy'],
    },
    503: {
      description: 'It cannot, and says why.',
      refusal: SENTENCES.storageUnavailable[1],
      headers: ['Retry-After'],
    },
  },
})

const tokenAnswer = z
  .object({
    clinic: z.string().meta({ examples: ['riverside'] }),
    label: z.string().meta({ examples: ['front desk'] }),
    scopes: z.array(z.enum(SCOPES)),
    expires_at: z.iso
      .datetime()
      .nullable()
      .meta({
        description: '`null` if it does not expire.',
        examples: ['2027-02-27T10:00:00.000Z'],
      }),
  })
  .meta({ id: 'Token' })

const gettingToken = describe('getToken', 'Service', 'Get what your token says', {
  description:
    'Its clinic, label and scopes, and when it expires. In the last 14 days before that every ' +
    'answer has the header `X-Token-Expires`.',
  answers: {
    200: { description: 'Your token works.', body: tokenAnswer },
    403: { description: 'Your clinic is suspended.', refusal: SENTENCES.suspended[1] },
  },
})

export const service = factory
  .createApp()
  .get('/', findingDescription, (c) => {
    const supports = ['application/json', 'text/html']
    const wanted = accepts(c, { header: 'Accept', supports, default: 'application/json' })
    c.header('Link', DESCRIBED_BY)
    c.header('Vary', 'Accept')
    if (wanted === 'text/html') return c.redirect(DOCS)
    return c.json({ name: NAME, version: VERSION, openapi: OPENAPI, docs: DOCS })
  })
  .get(OPENAPI, gettingDescription, async (c) => (await builtDocument(c)) ?? c.notFound())
  .get('/health', askingHealth, (c) => c.json({ status: 'ok', version: VERSION, commit: COMMIT }))
  .get('/health/ready', askingReadiness, async (c) => {
    await limitAddress(c)
    if (Date.now() >= readyUntil) {
      const reasons = await reasonsNotReady(c.env)
      if (reasons.length > 0) throw new ApiError(503, reasons.join('; '), { 'Retry-After': '10' })
      readyUntil = Date.now() + READY_MILLISECONDS
    }
    return c.json({ status: 'ready', d1: 'ok', kv: 'ok' })
  })

/** Anyone may probe, and often: once ready, an isolate does not ask storage again for this long. */
const READY_MILLISECONDS = 10_000
let readyUntil = 0

export const token = factory.createApp().get('/', gettingToken, refuseQuery, (c) => {
  const { clinicId, label, scopes, expiresAt } = c.get('caller')
  return c.json({ clinic: clinicId, label, scopes, expires_at: expiresAt })
})
