import { Argument, Option, type Command } from 'commander'
import { print, type Report } from './report.ts'

/** An argument or an option. `addTo` adds it to a command, and returns a function that reads its value. */
export type Word<Value> = { addTo: (command: Command) => () => Value }

export type Words = Readonly<Record<string, Word<unknown>>>

/** The values that the operator gave, by the names of their words. */
export type Values<All extends Words> = {
  [Name in keyof All]: All[Name] extends Word<infer Value> ? Value : never
}

const wordOf = <Value>(added: Option): Word<Value> => ({
  addTo(command) {
    command.addOption(added)
    return () => command.opts()[added.attributeName()]
  },
})

/** An option without a value, such as `--dry-run`. */
export const flag = (words: string, purpose: string) =>
  wordOf<true | undefined>(new Option(words, purpose))

/** An option with a value, such as `--out <file>`; without `parse` the value is text. */
export const option = <Value = string>(
  words: string,
  purpose: string,
  parse?: (text: string) => Value,
): Word<NoInfer<Value> | undefined> =>
  wordOf(parse ? new Option(words, purpose).argParser(parse) : new Option(words, purpose))

export const required = <Value>(words: string, purpose: string, parse: (text: string) => Value) =>
  wordOf<Value>(new Option(words, purpose).argParser(parse).makeOptionMandatory())

/** An option that takes several values, such as `--key <file...>`. */
export const many = (words: string, purpose: string) =>
  wordOf<string[]>(new Option(words, purpose).default([], 'none'))

/** An argument: `<id>` must be given; `[id]` may be left out, and its value is then undefined. */
export const argument = <Value = string>(
  words: string,
  purpose: string,
  parse?: (text: string) => Value,
): Word<NoInfer<Value>> => ({
  addTo(command) {
    const index = command.registeredArguments.length
    const added = new Argument(words, purpose)
    command.addArgument(parse ? added.argParser(parse) : added)
    return () => command.processedArgs[index]
  },
})

/** Adds the words to the command, and returns a function that reads their values. */
export function readerOf<All extends Words>(command: Command, words: All): () => Values<All>
export function readerOf(command: Command, words: Words): () => object {
  const readers = Object.entries(words).map(([name, word]) => [name, word.addTo(command)] as const)
  return () => Object.fromEntries(readers.map(([name, read]) => [name, read()]))
}

/** Does the work of a command on its target, such as a store. */
export type Work<On> = (on: On) => Promise<Report>

/** A command without its name, which is in the table of commands. */
type Spec<Own extends Words, On> = {
  example: string
  takes: Own
  /** Throws Misuse if the words don't go together. */
  check?: (given: Values<Own>) => void
  work: (given: Values<Own>, on: On) => Promise<Report>
}

export type Definition = (command: Command) => void

/** Defines commands with a target. They take the words `common` as well, and `open` finds the target by them. */
export const commandOn =
  <Common extends Words, On>(
    common: Common,
    open: (given: Values<Common>, work: Work<On>) => Promise<Report>,
  ) =>
  <Own extends Words>({ example, takes, check, work }: Spec<Own, On>): Definition =>
  (command) => {
    const readOwn = readerOf(command, takes)
    const readCommon = readerOf(command, common)
    const readJson = flag('--json', 'print one JSON object and nothing else').addTo(command)
    command.addHelpText('after', `\nExample:\n  npm run clinic -- ${example}`)
    command.action(async () => {
      const given = readOwn()
      check?.(given)
      print(await open(readCommon(), (on) => work(given, on)), readJson())
    })
  }

export const offline = commandOn({}, (_, work: Work<void>) => work())
