import { Argument, Option, type Command } from 'commander'
import { print, type Report } from './report.ts'

/** An argument or an option of a command, and the value that it gives. */
export type Word<Value> = { word: Argument | Option; value?: Value }

export type Words = Readonly<Record<string, Word<unknown>>>

/** What the operator gave, under the names of the words. */
export type Values<All extends Words> = {
  [Name in keyof All]: All[Name] extends Word<infer Value> ? Value : never
}

type Parse<Value> = (text: string) => Value

/** An option without a value, such as `--dry-run`. */
export const flag = (words: string, purpose: string): Word<true | undefined> => ({
  word: new Option(words, purpose),
})

/** An option with a value, such as `--out <file>`; without `parse` the value is text. */
export function option(words: string, purpose: string): Word<string | undefined>
export function option<Value>(
  words: string,
  purpose: string,
  parse: Parse<Value>,
): Word<Value | undefined>
export function option(words: string, purpose: string, parse?: Parse<unknown>): Word<unknown> {
  const word = new Option(words, purpose)
  return { word: parse ? word.argParser(parse) : word }
}

/** An option without which the command is a usage error. */
export const required = <Value>(
  words: string,
  purpose: string,
  parse: Parse<Value>,
): Word<Value> => ({ word: new Option(words, purpose).argParser(parse).makeOptionMandatory() })

/** An option that may be given several values, such as `--key <file...>`. */
export const many = (words: string, purpose: string): Word<string[]> => ({
  word: new Option(words, purpose).default([], 'none'),
})

/** An argument: `<id>` must be given; `[id]` may be left out, and its value is then undefined. */
export function argument(words: `<${string}>`, purpose: string): Word<string>
export function argument(words: `[${string}]`, purpose: string): Word<string | undefined>
export function argument<Value>(
  words: `<${string}>`,
  purpose: string,
  parse: Parse<Value>,
): Word<Value>
export function argument(words: string, purpose: string, parse?: Parse<unknown>): Word<unknown> {
  const word = new Argument(words, purpose)
  return { word: parse ? word.argParser(parse) : word }
}

/** What every command says of itself, but for its name and what it does. */
export type Spec<Own extends Words> = {
  example: string
  takes: Own
  /** Throws Misuse if the words don't go together. */
  check?: (given: Values<Own>) => void
}

/** Makes a command known to Commander. */
export type Definition = (command: Command) => void

const shared = { json: flag('--json', 'print one JSON object and nothing else') }

/** A command that works on no store. It prints what `work` reports. */
export const offline = <Own extends Words>({
  work,
  ...spec
}: Spec<Own> & { work: (given: Values<Own>) => Promise<Report> }): Definition =>
  commandTaking({}, spec, work)

/** A command that takes the words `common` too, as others do. */
export const commandTaking =
  <Own extends Words, Common extends Words>(
    common: Common,
    { example, takes, check }: Spec<Own>,
    work: (given: Values<Own>, common: Values<Common>) => Promise<Report>,
  ): Definition =>
  (command) => {
    for (const { word } of Object.values<Word<unknown>>({ ...takes, ...common, ...shared })) {
      if (word instanceof Option) command.addOption(word)
      else command.addArgument(word)
    }
    command.addHelpText('after', `\nExample:\n  npm run clinic -- ${example}`)
    command.action(async () => {
      const given = givenTo(command, takes)
      check?.(given)
      const report = await work(given, givenTo(command, common))
      print(report, givenTo(command, shared))
    })
  }

function givenTo<All extends Words>(command: Command, words: All): Values<All>
function givenTo(command: Command, words: Words): object {
  const options = command.opts()
  const values = command.registeredArguments.map((one, n) => [one, command.processedArgs[n]])
  const valueOf = new Map(values.map(([one, value]) => [one, value]))
  return Object.fromEntries(
    Object.entries(words).map(([name, { word }]) => [
      name,
      word instanceof Option ? options[word.attributeName()] : valueOf.get(word),
    ]),
  )
}
