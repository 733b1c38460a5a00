import * as z from 'zod'
import { factory } from '../env.ts'
import { describe } from '../http/describe.ts'
import { SENTENCES } from '../http/errors.ts'
import { refuseQuery } from '../http/validate.ts'
import { SCOPES } from '../tokens/record.ts'

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

const gettingToken = describe({
  id: 'getToken',
  tag: 'Service',
  summary: 'Get what your token says',
  description:
    'Its clinic, label and scopes, and when it expires. In the last 14 days before that every ' +
    'answer has the header `X-Token-Expires`.',
  answers: {
    200: { description: 'Your token works.', body: tokenAnswer },
    403: { description: 'Your clinic is suspended.', refusal: SENTENCES.suspended[1] },
  },
})

export const token = factory.createApp().get('/', gettingToken, refuseQuery, (c) => {
  const { clinicId, label, scopes, expiresAt } = c.get('caller')
  return c.json({ clinic: clinicId, label, scopes, expires_at: expiresAt })
})
