/** A file of flags as the flags of a command: those of the command line and of the environment win. */
import type { Command, Option } from 'commander'
import { readYaml, type YamlEntry, type YamlNode } from '../../data/yaml-text.ts'
import { didYouMean, InputError, inFile, quote } from '../../errors.ts'
import { readInputFile } from '../../tables/read-tables.ts'
import { collect } from '../shared-flags.ts'
import { roleFlags } from '../training/read-role-flags.ts'

/** A file of flags has some lines; what is larger is another file. */
const MOST_BYTES = 2 ** 20

/** The name for what stands on the command line without a flag. */
const FILES = 'files'

/** Lists of files: those of the command line stand in the place of all others. */
const replaced: ReadonlySet<string> = new Set(['validation'])

/**
 * Gives a command the flags of a file, by their names without dashes in front. Lists are added to: of what is named on
 * the command line too, a parameter or a column, the command line's word counts.
 * @throws InputError naming the file and the line of a flag that does not exist, or of a value that is none
 */
export async function applyConfig(command: Command, file: string): Promise<void> {
  const bytes = await readInputFile(file)
  try {
    const flags = readFlags(command, bytes)
    // What the command line says is looked at before anything is added to it.
    const merged = flags.map(
      ([option, value]): Flag => [option, mergedWith(command, option, value)],
    )
    for (const [option, value] of merged) apply(command, option, value)
  } catch (error) {
    throw inFile(file, error)
  }
}

type Value = string | boolean | readonly string[]
/** An option with its value; undefined stands for the command's files. */
type Flag = readonly [Option | undefined, Value]

/** Returns the options that a file names, with their values. */
function readFlags(command: Command, bytes: Uint8Array): Flag[] {
  if (bytes.length > MOST_BYTES)
    throw new InputError('too_large', `a file of flags has at most ${MOST_BYTES} bytes`)
  const node = readYaml(decode(bytes))
  if (node.kind === 'nothing') return []
  if (node.kind !== 'entries')
    throw new InputError('invalid_parameter', 'it must hold names of flags with their values')
  const known = optionsByName(command)
  const lines = new Map<string, number>()
  return node.entries.map((entry): Flag => {
    const name = entry.name.replace(/^--/, '').replaceAll('_', '-')
    if (!known.has(name))
      throw at(entry, `there is no flag ${quote(entry.name)}${didYouMean(name, known.keys())}`)
    const option = known.get(name)
    const key = option?.attributeName() ?? FILES
    const before = lines.get(key)
    if (before !== undefined)
      throw at(entry, `${quote(entry.name)} is said in line ${before} already`)
    lines.set(key, entry.line)
    return [option, option ? readValue(option, name, entry) : textsOf(entry, entry.value)]
  })
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError('invalid_utf8', 'it is not UTF-8')
  }
}

/** Flags by their long names; one such as `--no-header` also as `header`. */
function optionsByName(command: Command): Map<string, Option | undefined> {
  const names = command.options
    .filter(({ long }) => long !== '--config')
    .flatMap((option): [string, Option][] => {
      const name = option.long?.slice(2) ?? ''
      return option.negate
        ? [
            [name, option],
            [name.replace(/^no-/, ''), option],
          ]
        : [[name, option]]
    })
  const takesFiles = command.registeredArguments.some(({ variadic }) => variadic)
  // A flag of its own comes before the one whose negation has its name.
  const files: [string, Option | undefined][] = takesFiles ? [[FILES, undefined]] : []
  return new Map([...files, ...names.filter(isOwn(names))])
}

function isOwn(names: readonly [string, Option][]) {
  return ([name, option]: [string, Option]) =>
    option.long === `--${name}` || !names.some(([other, own]) => other === name && own !== option)
}

function readValue(option: Option, name: string, entry: YamlEntry): Value {
  const { value } = entry
  if (isRepeatable(option)) return textsOf(entry, value)
  if (value.kind === 'list' && /<list>/.test(option.flags)) return textsOf(entry, value).join(',')
  if (value.kind !== 'text') throw at(entry, `${quote(entry.name)} ${whatItIs(value)}`)
  if (option.required || option.optional) return value.text
  const truth = readTruth(entry, value.text)
  // The value of --no-header is whether there is one.
  return option.negate && name.startsWith('no-') ? !truth : truth
}

function isRepeatable(option: Option): boolean {
  return option.parseArg === (collect as unknown)
}

function whatItIs({ kind }: YamlNode): string {
  if (kind === 'nothing') return 'has no value'
  return kind === 'list' ? 'takes one value, not a list' : 'takes one value, not names with values'
}

/** Returns the texts of a repeated flag: a list of them, and of names with values as `name=value`. */
function textsOf(entry: YamlEntry, node: YamlNode): string[] {
  if (node.kind === 'text') return [node.text]
  if (node.kind === 'list') return node.items.flatMap((item) => textsOf(entry, item))
  if (node.kind === 'nothing') throw at({ line: node.line }, `${quote(entry.name)} has no value`)
  return node.entries.map(({ name, line, value }) => {
    if (value.kind === 'nothing') return name
    const texts = value.kind === 'list' ? value.items : [value]
    const words = texts.map((item) => {
      if (item.kind === 'text') return item.text
      throw at({ line: item.line }, `${quote(name)} takes a text or a list of texts`)
    })
    if (words.length === 0) throw at({ line }, `${quote(name)} has no value`)
    return `${name}=${words.join(',')}`
  })
}

function at({ line }: { readonly line: number }, why: string): InputError {
  return new InputError('invalid_parameter', `line ${line}: ${why}`)
}

/** As YAML has them, and as its older versions had. */
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', 'no', 'off'].map((word) => [word, false] as const),
])

function readTruth(entry: YamlEntry, text: string): boolean {
  const truth = truths.get(text.toLowerCase())
  if (truth === undefined)
    throw at(entry, `${entry.name} is ${quote(text)}, expected true or false`)
  return truth
}

/** Returns a repeated flag's texts with those of the command line, which has the last word of whatever it names. */
function mergedWith(command: Command, option: Option | undefined, value: Value): Value {
  if (option === undefined || !Array.isArray(value)) return value
  const own = option.attributeName()
  const rivals = roleFlags.some((role) => role === own) ? roleFlags : [own]
  const said = rivals.flatMap((name) => givenTexts(command, name))
  const names = new Set(said.map(nameIn))
  return [...value.filter((text) => !names.has(nameIn(text))), ...givenTexts(command, own)]
}

function givenTexts(command: Command, name: string): readonly string[] {
  return (isGiven(command, name) && command.getOptionValue(name)) || []
}

function isGiven(command: Command, name: string): boolean {
  const source = command.getOptionValueSource(name)
  return source === 'cli' || source === 'env'
}

/** What a text such as `size=small,large` is about. */
function nameIn(text: string): string {
  return text.split('=', 1)[0]!
}

function apply(command: Command, option: Option | undefined, value: Value): void {
  if (option === undefined) {
    // What the command is called with: its files come first.
    if (command.args.length === 0) command.processedArgs[0] = value
    return
  }
  const name = option.attributeName()
  const isAdded = Array.isArray(value) && !replaced.has(name)
  if (isAdded || !isGiven(command, name)) command.setOptionValueWithSource(name, value, 'config')
}
