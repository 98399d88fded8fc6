/** JSON as libraries write it into model files: NaN and Infinity are numbers, a key that appears twice is refused. */
import { invalid } from './imported-model.ts'

/** A parsed value: numbers may come as typed arrays, objects are maps. */
export type Document =
  | null
  | boolean
  | number
  | string
  | readonly Document[]
  | Float64Array
  | ReadonlyMap<string, Document>

/** Deepest nesting of a document. */
export const MAX_DOCUMENT_DEPTH = 32

/** A JavaScript string ends there. */
const MAX_TEXT_BYTES = 2 ** 29 - 2 ** 10

const NUMBER = /-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
const SPACE = /[ \t\r\n]*/y
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

/** Returns the text of a file; throws ArtifactError `invalid`. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT_BYTES)
    throw invalid(`it is a text of ${bytes.length} bytes, at most ${MAX_TEXT_BYTES} are read`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes))
  } catch {
    throw invalid('it is not UTF-8')
  }
}

/** Returns the document in the bytes of a JSON text; throws ArtifactError `invalid`. */
export function parseJsonDocument(bytes: Uint8Array): Document {
  return parseJsonText(decodeText(bytes))
}

/** Returns the document in a JSON text; throws ArtifactError `invalid`. */
export function parseJsonText(text: string, maxDepth = MAX_DOCUMENT_DEPTH): Document {
  let at = 0
  const bad = () => invalid(`it is not JSON at character ${at + 1}`)
  const skip = () => {
    if (text.charCodeAt(at) > 0x20) return
    SPACE.lastIndex = at
    SPACE.exec(text)
    at = SPACE.lastIndex
  }

  const readText = (): string => {
    const start = at
    let end = at + 1
    for (;;) {
      end = text.indexOf('"', end)
      if (end < 0) throw bad()
      let slashes = 0
      while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
      if (slashes % 2 === 0) break
      end++
    }
    try {
      const value = JSON.parse(text.slice(start, end + 1)) as string
      at = end + 1
      return value
    } catch {
      throw bad()
    }
  }

  /** Most of a model file are lists of plain numbers, which the engine itself reads fastest. */
  const readNumbers = (): Float64Array | undefined => {
    const end = text.indexOf(']', at)
    if (end < 0) return undefined
    try {
      const list = JSON.parse(text.slice(at, end + 1)) as unknown[]
      if (!list.every((item) => typeof item === 'number')) return undefined
      at = end + 1
      return Float64Array.from(list as number[])
    } catch {
      return undefined
    }
  }

  const readList = (depth: number): readonly Document[] | Float64Array => {
    const list: Document[] = []
    const first = text.charCodeAt(at + 1)
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
      const numbers = readNumbers()
      if (numbers) return numbers
    }
    at++
    skip()
    if (text[at] === ']') {
      at++
      return list
    }
    for (;;) {
      list.push(readValue(depth))
      skip()
      const mark = text[at]
      if (mark !== ',' && mark !== ']') throw bad()
      at++
      if (mark === ']') return list
    }
  }

  const readObject = (depth: number): Map<string, Document> => {
    const object = new Map<string, Document>()
    at++
    skip()
    if (text[at] === '}') {
      at++
      return object
    }
    for (;;) {
      skip()
      if (text[at] !== '"') throw bad()
      const key = readText()
      if (object.has(key))
        throw invalid(`the key ${JSON.stringify(key.slice(0, 64))} appears twice`)
      skip()
      if (text[at] !== ':') throw bad()
      at++
      object.set(key, readValue(depth))
      skip()
      const mark = text[at]
      if (mark !== ',' && mark !== '}') throw bad()
      at++
      if (mark === '}') return object
    }
  }

  const readValue = (depth: number): Document => {
    skip()
    const mark = text[at]
    if (mark === '{' || mark === '[') {
      if (depth === maxDepth) throw invalid('it is nested too deep')
      return mark === '{' ? readObject(depth + 1) : readList(depth + 1)
    }
    if (mark === '"') return readText()
    const word = WORDS.find(([name]) => text.startsWith(name, at))
    if (word) {
      at += word[0].length
      return word[1]
    }
    NUMBER.lastIndex = at
    const found = NUMBER.exec(text)
    if (!found) throw bad()
    at = NUMBER.lastIndex
    return Number(found[0])
  }

  const value = readValue(0)
  skip()
  if (at < text.length) throw bad()
  return value
}
