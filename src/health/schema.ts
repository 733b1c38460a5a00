import * as z from 'zod'

const version = z.string().meta({ description: "The API's version.", examples: ['1.0.0'] })

/** Where a program finds what the API can do. */
export const serviceIndex = z
  .object({
    name: z.string().meta({ examples: ['Clinic Insurances API'] }),
    version,
    openapi: z.string().meta({ examples: ['/openapi.json'] }),
    docs: z.string().meta({ examples: ['/docs'] }),
  })
  .meta({ id: 'ServiceIndex' })

export const health = z
  .object({
    status: z.literal('ok'),
    version,
    commit: z
      .string()
      .nullable()
      .meta({ description: 'The commit that it was built from, if known.', examples: ['1a2b3c4'] }),
  })
  .meta({ id: 'Health' })

export const readiness = z
  .object({ status: z.literal('ready'), d1: z.literal('ok'), kv: z.literal('ok') })
  .meta({ id: 'Readiness' })

/** An OpenAPI 3.1 document, as far as anyone can say in one line. */
export const openapiAnswer = z.looseObject({ openapi: z.string().meta({ examples: ['3.1.1'] }) })
