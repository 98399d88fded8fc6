/** Fields of a document of unknown origin, each checked when it is asked for. */
import { invalid } from './imported-model.ts'
import type { Document } from './json-document.ts'

/** An object of a document with the place where it stands. */
export interface Fields {
  readonly where: string
  has(key: string): boolean
  /** Whether a member is null, or not there. */
  isNull(key: string): boolean
  isText(key: string): boolean
  isObject(key: string): boolean
  /** A member as it is. */
  any(key: string): Document | undefined
  /** Another object in it. */
  object(key: string): Fields
  objects(key: string): Fields[]
  /** A list of anything. */
  list(key: string): readonly Document[] | Float64Array
  number(key: string): number
  text(key: string): string
  texts(key: string): string[]
  /** A whole number, as such or as text. */
  whole(key: string, least: number, most: number): number
  /** A list of numbers; NaN and Infinity are some. */
  numbers(key: string, length?: number): ArrayLike<number>
  /** A list of yes and no, as such or as 1 and 0. */
  flags(key: string, length: number): ArrayLike<number>
  /** All its members that are texts. */
  allTexts(): Map<string, string>
}

/** Returns the fields of a value; throws ArtifactError `invalid` unless it is an object. */
export function fieldsOf(value: Document | undefined, where: string): Fields {
  if (!(value instanceof Map)) throw invalid(`${where} must be an object`)
  const fields = value as ReadonlyMap<string, Document>
  const at = (key: string) => (where === '' ? key : `${where}.${key}`)
  const list = (key: string): readonly Document[] | Float64Array => {
    const found = fields.get(key)
    if (Array.isArray(found) || found instanceof Float64Array) return found
    throw invalid(`${at(key)} must be a list`)
  }
  return {
    where,
    has: (key) => fields.has(key),
    isNull: (key) => (fields.get(key) ?? null) === null,
    isText: (key) => typeof fields.get(key) === 'string',
    isObject: (key) => fields.get(key) instanceof Map,
    any: (key) => fields.get(key),
    object: (key) => fieldsOf(fields.get(key), at(key)),
    objects: (key) => Array.from(list(key), (item, i) => fieldsOf(item, `${at(key)}[${i}]`)),
    list,
    number(key) {
      const found = fields.get(key)
      if (typeof found !== 'number') throw invalid(`${at(key)} must be a number`)
      return found
    },
    text(key) {
      const found = fields.get(key)
      if (typeof found !== 'string') throw invalid(`${at(key)} must be a text`)
      return found
    },
    texts(key) {
      const found = Array.from(list(key))
      if (!found.every((item) => typeof item === 'string'))
        throw invalid(`${at(key)} must hold texts`)
      return found as string[]
    },
    whole(key, least, most) {
      const found = fields.get(key)
      const number = typeof found === 'string' && /^-?\d{1,15}$/.test(found) ? Number(found) : found
      if (Number.isSafeInteger(number) && (number as number) >= least && (number as number) <= most)
        return number as number
      throw invalid(`${at(key)} must be a whole number from ${least} to ${most}`)
    },
    numbers(key, length) {
      const found = list(key)
      if (!(found instanceof Float64Array) && !found.every((item) => typeof item === 'number'))
        throw invalid(`${at(key)} must hold numbers`)
      if (length !== undefined && found.length !== length)
        throw invalid(`${at(key)} has ${found.length} entries, expected ${length}`)
      return found as ArrayLike<number>
    },
    flags(key, length) {
      const found = list(key)
      if (found.length !== length)
        throw invalid(`${at(key)} has ${found.length} entries, expected ${length}`)
      return Uint8Array.from(found as readonly Document[], (item) => {
        if (item === 0 || item === 1 || typeof item === 'boolean') return Number(item)
        throw invalid(`${at(key)} must hold 0 and 1`)
      })
    },
    allTexts: () =>
      new Map(
        [...fields].filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      ),
  }
}
