import { isCancel, password, select, text, type Option } from '@clack/prompts'
import { Failure } from './failure.ts'

/** Whether somebody is there to be asked. */
export const canAsk = () => Boolean(process.stdin.isTTY && process.stderr.isTTY)

/** Questions go to stderr: stdout may be a file. */
const output = process.stderr

/** Asks for something that must not be seen nor reach the shell's history. */
export const askSecret = async (message: string) => answered(await password({ message, output }))

export const askText = async (message: string, placeholder: string) =>
  answered(await text({ message, placeholder, output }))

export const askChoice = async (message: string, options: Option<string>[]) =>
  answered(await select({ message, options, output }))

function answered(answer: string | symbol): string {
  if (isCancel(answer) || typeof answer === 'symbol')
    throw new Failure('cancelled; nothing was done')
  return answer.trim()
}
