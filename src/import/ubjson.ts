/** Universal Binary JSON (draft 12, big-endian) as a document. */
import { invalid } from './imported-model.ts'
import { type Document, MAX_DOCUMENT_DEPTH } from './json-document.ts'

/** Numbers by their marker: how many bytes they take and how they are read. */
const NUMBERS: Readonly<
  Record<string, { size: number; read: (v: DataView, at: number) => number }>
> = {
  i: { size: 1, read: (view, at) => view.getInt8(at) },
  U: { size: 1, read: (view, at) => view.getUint8(at) },
  I: { size: 2, read: (view, at) => view.getInt16(at) },
  l: { size: 4, read: (view, at) => view.getInt32(at) },
  L: { size: 8, read: (view, at) => Number(view.getBigInt64(at)) },
  d: { size: 4, read: (view, at) => view.getFloat32(at) },
  D: { size: 8, read: (view, at) => view.getFloat64(at) },
}

/** Returns the document in UBJSON bytes; throws ArtifactError `invalid`. No count is believed before its bytes are there. */
export function parseUbjson(bytes: Uint8Array): Document {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let at = 0
  const bad = () => invalid(`it is not UBJSON at byte ${at}`)
  const need = (count: number) => {
    if (!(count >= 0 && count <= bytes.length - at))
      throw invalid(`it ends at byte ${bytes.length}, before what stands at byte ${at} does`)
  }
  const mark = (): string => {
    need(1)
    return String.fromCharCode(bytes[at++]!)
  }
  const peek = () => String.fromCharCode(bytes[at] ?? 0)
  const readNumber = (type: string): number => {
    const number = Object.hasOwn(NUMBERS, type) ? NUMBERS[type] : undefined
    if (!number) throw bad()
    need(number.size)
    const value = number.read(view, at)
    at += number.size
    return value
  }
  const readCount = (): number => {
    const type = mark()
    if (!'iUIlL'.includes(type)) throw bad()
    const count = readNumber(type)
    need(count)
    return count
  }
  const readText = (): string => {
    const length = readCount()
    try {
      const text = decoder.decode(new Uint8Array(bytes.subarray(at, at + length)))
      at += length
      return text
    } catch {
      throw invalid(`the text at byte ${at} is not UTF-8`)
    }
  }

  const readTyped = (): Float64Array => {
    at++
    const type = mark()
    if (mark() !== '#' || !Object.hasOwn(NUMBERS, type)) throw bad()
    const { size, read } = NUMBERS[type]!
    const count = readCount()
    need(count * size)
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++, at += size) values[i] = read(view, at)
    return values
  }

  const readList = (depth: number): readonly Document[] | Float64Array => {
    if (peek() === '$') return readTyped()
    const list: Document[] = []
    if (peek() === '#') {
      at++
      const count = readCount()
      for (let i = 0; i < count; i++) list.push(readValue(depth))
      return list
    }
    while (peek() !== ']') list.push(readValue(depth))
    at++
    return list
  }

  const readObject = (depth: number): Map<string, Document> => {
    const object = new Map<string, Document>()
    while (peek() !== '}') {
      const key = readText()
      if (object.has(key))
        throw invalid(`the key ${JSON.stringify(key.slice(0, 64))} appears twice`)
      object.set(key, readValue(depth))
    }
    at++
    return object
  }

  const readValue = (depth: number): Document => {
    const type = mark()
    if (type === '{' || type === '[') {
      if (depth === MAX_DOCUMENT_DEPTH) throw invalid('it is nested too deep')
      return type === '{' ? readObject(depth + 1) : readList(depth + 1)
    }
    if (type === 'S') return readText()
    if (type === 'Z') return null
    if (type === 'T' || type === 'F') return type === 'T'
    return readNumber(type)
  }

  const value = readValue(0)
  if (at < bytes.length) throw bad()
  return value
}
