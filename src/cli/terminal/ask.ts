import { isCancel, password } from '@clack/prompts'
import { Failure } from './failure.ts'

export const canAsk = () => Boolean(process.stdin.isTTY && process.stderr.isTTY)

/** Asks for a secret without showing it. The prompt goes to stderr, since stdout may be a file. */
export async function askSecret(message: string): Promise<string> {
  const answer = await password({ message, output: process.stderr })
  if (isCancel(answer)) throw new Failure('cancelled; nothing was done')
  return answer.trim()
}
