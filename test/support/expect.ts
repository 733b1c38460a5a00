import { expect } from 'vitest'

/** That the answer is a refusal with this status, and `errors` are all that it says. */
export async function expectRefusal(
  answer: { status: number; json(): Promise<unknown> },
  status: number,
  errors: string | Record<string, string[]>,
) {
  expect(await answer.json()).toEqual({ errors })
  expect(answer.status).toBe(status)
}
