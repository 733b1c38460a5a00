import { isCancel, password, select, text, type Option } from '@clack/prompts'
import { Failure } from './failure.ts'

/** Whether somebody is there to be asked. */
export const canAsk = () => Boolean(process.stdin.isTTY && process.stderr.isTTY)

/** Questions go to stderr: stdout may be a file. */
const output = process.stderr

/** Asks for a secret, which neither the screen nor the shell's history may show. */
export const askSecret = async (message: string) => answered(await password({ message, output }))

/** Asks until `errorOf` finds nothing wrong with the answer. */
export const askText = async (
  message: string,
  placeholder: string,
  errorOf: (answer: string | undefined) => string | undefined,
) => answered(await text({ message, placeholder, validate: errorOf, output }))

export const askChoice = async (message: string, options: Option<string>[]) =>
  answered(await select({ message, options, output }))

function answered(answer: string | symbol): string {
  if (isCancel(answer) || typeof answer === 'symbol') {
    throw new Failure('cancelled; nothing was done')
  }
  return answer.trim()
}
