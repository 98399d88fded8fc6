/** Reads a stored preprocessor. */
import type { JsonObject, JsonReader } from '../data/json-fields.ts'
import { momentText } from '../data/moment.ts'
import { isAscii } from '../data/text.ts'
import { quote } from '../errors.ts'
import { derivedType } from './derive.ts'
import { readDerived } from './derived-column.ts'
import { type AnyTransformer, transformerKind, transformerKinds } from './index.ts'
import type { InputColumn, PreprocessorSpec } from './preprocessor.ts'
import { readWritten } from './written/read-written.ts'

/**
 * Returns a preprocessor spec read from parsed JSON.
 * @throws what the reader throws: the value is not one, or its parts do not fit each other
 */
export function readPreprocessor(
  value: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
): PreprocessorSpec {
  const inputs = reader
    .list(value.get('inputs'), 'inputs')
    .map((item, i) => readInput(reader.object(item, `inputs[${i}]`), reader, `inputs[${i}]`))
  const names = new Set(inputs.map(({ name }) => name))
  if (names.size !== inputs.length) throw fail('inputs name a column twice')
  const derived = reader.list(value.get('derived'), 'derived').map((item, i) => {
    const where = `derived[${i}]`
    const entry = reader.object(item, where)
    const made = readDerived(entry, reader, where)
    if (!inputs.some(({ name }) => name === made.from))
      throw fail(`${where} is made from ${quote(made.from)}, which is not an input`)
    if (names.has(made.column)) throw fail(`${where} has the name of another column`)
    names.add(made.column)
    return made
  })
  const typeOf = new Map<string, 'number' | 'text'>(inputs.map(({ name, type }) => [name, type]))
  for (const made of derived) typeOf.set(made.column, derivedType(made))
  const steps = reader.list(value.get('steps'), 'steps').map((item, i) => {
    const where = `steps[${i}]`
    const entry = reader.object(item, where)
    const column = reader.text(entry.get('column'), `${where}.column`)
    if (!typeOf.has(column))
      throw fail(`${where} transforms ${quote(column)}, which is neither an input nor derived`)
    const chain = reader
      .list(entry.get('chain'), `${where}.chain`)
      .map((link, j) => readTransformer(link, reader, `${where}.chain[${j}]`))
    if (!endsInNumbers(chain, typeOf.get(column) as 'number' | 'text'))
      throw fail(`${where}.chain does not turn ${quote(column)} into numbers`)
    return { column, chain }
  })
  return {
    inputs,
    otherColumns: reader.texts(value.get('otherColumns'), 'otherColumns'),
    derived,
    steps,
  }
}

/**
 * Whether every transformer of a chain gets the type it works on, and the last makes numbers. Where nothing fills gaps
 * they stay; whether the model takes them is for the artifact to check.
 */
function endsInNumbers(chain: readonly AnyTransformer[], type: 'number' | 'text'): boolean {
  if (chain.length === 0) return type === 'number'
  let current = type
  for (const transformer of chain) {
    const { kind } = transformer
    if (ofNumbers.includes(kind) && current !== 'number') return false
    if (kind === 'category_map' && current !== 'text') return false
    const fill = current === 'number' ? 'number' : 'string'
    if (transformer.kind === 'impute_category' && typeof transformer.value !== fill) return false
    if (toNumbers.includes(kind)) current = 'number'
  }
  return current === 'number'
}

/** Transformers that make numbers of anything. */
const toNumbers: readonly AnyTransformer['kind'][] = [
  'ordinal_encoder',
  'one_hot_encoder',
  'missing_indicator',
]

/** Transformers that work on numbers only. */
const ofNumbers: readonly AnyTransformer['kind'][] = [
  'impute_number',
  'standard_scaler',
  'min_max_scaler',
  'single_precision',
  'missing_number',
]

function readTransformer(value: unknown, reader: JsonReader, where: string): AnyTransformer {
  const entry = reader.object(value, where)
  const names = Object.keys(transformerKinds) as AnyTransformer['kind'][]
  const kind = reader.choice(entry.get('kind'), `${where}.kind`, names)
  return transformerKind(kind).read(entry, reader, where)
}

/** A usual text; empty where training saw none. */
function readExample(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function readDeviation(value: unknown, reader: JsonReader, where: string): number {
  const deviation = reader.number(value, where)
  return reader.number(deviation >= 0 ? deviation : undefined, `${where} (not negative)`)
}

function readOptional<T>(value: unknown, readValue: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : readValue(value)
}

function readInput(entry: JsonObject, reader: JsonReader, where: string): InputColumn {
  const type = reader.choice(entry.get('type'), `${where}.type`, ['number', 'text'])
  const range = entry.has('range') ? reader.object(entry.get('range'), `${where}.range`) : undefined
  const example = entry.get('example')
  const name = reader.text(entry.get('name'), `${where}.name`)
  const categories = entry.has('categories')
    ? reader.categories(entry.get('categories'), `${where}.categories`)
    : undefined
  const texts = readOptional(entry.get('texts'), (value) =>
    reader.choice(value, `${where}.texts`, ['boolean', 'integer']),
  )
  const written = readOptional(entry.get('written'), (value) =>
    readWritten(value, reader, `${where}.written`),
  )
  const unicode = readOptional(entry.get('unicode'), (value) =>
    reader.choice(value, `${where}.unicode`, ['NFC']),
  )
  // A model that does not say so may tell texts apart that have one normal form.
  const isRaw =
    type === 'text' &&
    unicode === undefined &&
    ![readExample(example), ...(categories ?? [])]
      .map(String)
      .every((text) => isAscii(text) && momentText(text) === text)
  return {
    name,
    type,
    ...(texts === undefined ? {} : { texts }),
    ...(unicode === undefined ? {} : { unicode }),
    ...(isRaw ? { raw: true } : {}),
    ...(written ? { written } : {}),
    nullable: reader.boolean(entry.get('nullable'), `${where}.nullable`),
    ...(categories ? { categories } : {}),
    ...(entry.has('closed') && reader.boolean(entry.get('closed'), `${where}.closed`)
      ? { closed: true as const }
      : {}),
    ...(range
      ? {
          range: {
            minimum: reader.number(range.get('minimum'), `${where}.range.minimum`),
            median: reader.number(range.get('median'), `${where}.range.median`),
            maximum: reader.number(range.get('maximum'), `${where}.range.maximum`),
            deviation: readDeviation(range.get('deviation'), reader, `${where}.range.deviation`),
            integer: reader.boolean(range.get('integer'), `${where}.range.integer`),
          },
        }
      : {}),
    example: type === 'number' ? reader.number(example, `${where}.example`) : readExample(example),
  }
}
