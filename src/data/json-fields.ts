import { didYouMean, quote } from '../errors.ts'

/** An object whose keys are looked up without touching a prototype. */
export type JsonObject = ReadonlyMap<string, unknown>

/** Reads parsed JSON of unknown origin; every method returns a checked value or throws what `fail` makes. */
export interface JsonReader {
  /** An object; with `keys`, no others are allowed. */
  object(value: unknown, where: string, keys?: readonly string[]): JsonObject
  list(value: unknown, where: string): readonly unknown[]
  text(value: unknown, where: string): string
  texts(value: unknown, where: string): string[]
  /** A finite number. */
  number(value: unknown, where: string): number
  numbers(value: unknown, where: string): number[]
  /** A whole number from `least` to `most`. */
  whole(value: unknown, where: string, least?: number, most?: number): number
  boolean(value: unknown, where: string): boolean
  choice<const T extends string>(value: unknown, where: string, choices: readonly T[]): T
  /** A list of different texts, or of different numbers. */
  categories(value: unknown, where: string): (string | number)[]
  textMap(value: unknown, where: string): Record<string, string>
}

/** Returns a reader that throws `fail(message)`; messages begin with the place, such as `numeric[2].column`. */
export function createJsonReader(fail: (message: string) => Error): JsonReader {
  const reader: JsonReader = {
    object(value, where, keys) {
      if (value === null || typeof value !== 'object' || Array.isArray(value))
        throw fail(`${where} must be an object`)
      const object = new Map(Object.entries(value))
      for (const key of object.keys()) {
        if (keys && !keys.includes(key))
          throw fail(`${where} has an unknown key ${quote(key)}${didYouMean(key, keys)}`)
      }
      return object
    },
    list(value, where) {
      if (Array.isArray(value)) return value
      throw fail(`${where} must be a list`)
    },
    text(value, where) {
      if (typeof value === 'string' && value !== '') return value
      throw fail(`${where} must be a text`)
    },
    texts: (value, where) =>
      reader.list(value, where).map((item, i) => reader.text(item, `${where}[${i}]`)),
    number(value, where) {
      if (typeof value === 'number' && Number.isFinite(value)) return value
      throw fail(`${where} must be a finite number`)
    },
    numbers: (value, where) =>
      reader.list(value, where).map((item, i) => reader.number(item, `${where}[${i}]`)),
    whole(value, where, least = 0, most = Number.MAX_SAFE_INTEGER) {
      if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
        return value as number
      const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
      throw fail(`${where} must be a whole number ${range}`)
    },
    boolean(value, where) {
      if (typeof value === 'boolean') return value
      throw fail(`${where} must be true or false`)
    },
    choice(value, where, choices) {
      const found = choices.find((choice) => choice === value)
      if (found !== undefined) return found
      throw fail(`${where} is ${quote(value)}, expected ${choices.join(', ')}`)
    },
    categories(value, where) {
      const list = reader.list(value, where)
      const kind = typeof list[0]
      const isCategory = (item: unknown) =>
        typeof item === kind && (kind === 'string' || Number.isFinite(item))
      if (!list.every(isCategory)) {
        throw fail(`${where} must hold texts only or numbers only`)
      }
      if (new Set(list).size !== list.length) throw fail(`${where} names a category twice`)
      return list as (string | number)[]
    },
    textMap(value, where) {
      const entries = [...reader.object(value, where)].map(([key, item]) => {
        if (typeof item !== 'string') throw fail(`${where}.${quote(key)} must be a text`)
        return [key, item] as const
      })
      return Object.fromEntries(entries)
    },
  }
  return reader
}
