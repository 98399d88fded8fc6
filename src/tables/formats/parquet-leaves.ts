/** Parquet files of records within records: the values of one leaf, with what says to which row and list each belongs. */
import type { ColumnMetaData, FileMetaData, PageHeader } from 'hyparquet'
import { parseFooter, readPageHeader, TAIL } from './parquet-chunk.ts'
import { unpackPage } from './parquet-codecs.ts'
import { readHybrid } from './parquet-hybrid.ts'

/** Values of a leaf in all rows. */
export interface LeafValues {
  /** Numbers of a column of numbers, texts of one of bytes. */
  readonly values: readonly number[] | readonly string[]
  /** Where every list begins in the values, and where the last one ends; of a leaf that is in no list, every row is one of one. */
  readonly starts: readonly number[]
}

export interface NestedParquet {
  readonly rows: number
  /** Returns the paths of the leaves, their parts joined by dots. */
  readonly paths: readonly string[]
  /**
   * Returns the values of a leaf. In lists of lists the innermost ones count.
   * @throws RangeError and others for what is damaged, empty where a value must be, or of a kind that is not read
   */
  read(path: string): LeafValues
}

/** A leaf of the schema. */
interface Leaf {
  readonly path: string
  /** Greatest levels of repetition and of definition. */
  readonly repetition: number
  readonly definition: number
  /** Whether a single value may be missing. */
  readonly isOptional: boolean
}

/** Most values of a leaf for every byte of the file, and most bytes that its pages unpack to. */
const VALUES_PER_BYTE = 64
const MOST_UNPACKED = 2 ** 28
const MAX_DEPTH = 16
const LETTERS = 0x31524150

/**
 * Opens a file that is in memory. Nothing in it is believed before it is checked.
 * @throws RangeError and others for what is no Parquet file
 */
export function openNestedParquet(file: Uint8Array): NestedParquet {
  // Of memory of its own that no thread shares.
  const bytes = new Uint8Array(file).buffer
  const view = new DataView(bytes)
  const end = view.byteLength
  const footer = view.getUint32(end - TAIL, true) + TAIL
  if (view.getUint32(end - 4, true) !== LETTERS || footer > end)
    throw new RangeError('no Parquet file')
  const metadata = parseFooter(bytes.slice(end - footer))
  const leaves = leavesOf(metadata)
  const rows = Number(metadata.num_rows)
  if (!(rows >= 0 && rows <= end)) throw new RangeError('more rows than bytes')
  return {
    rows,
    paths: leaves.map(({ path }) => path),
    read(path) {
      const at = leaves.findIndex((leaf) => leaf.path === path)
      const leaf = leaves[at]
      if (!leaf) throw new RangeError(`no leaf ${path}`)
      const found = { values: [] as (number | string)[], starts: [] as number[] }
      const budget = { values: VALUES_PER_BYTE * end, bytes: MOST_UNPACKED }
      for (const group of metadata.row_groups) {
        const chunk = group.columns[at]?.meta_data
        if (!chunk || group.columns[at]!.file_path || chunk.path_in_schema.join('.') !== path)
          throw new RangeError('another column')
        readLeafChunk(bytes, chunk, leaf, budget, found)
      }
      if (leaf.repetition === 0 && found.values.length !== rows)
        throw new RangeError('another number of rows')
      return {
        values: found.values as number[] | string[],
        starts: [...found.starts, found.values.length],
      }
    },
  }
}

/** A schema lists its tree from the root on. */
function leavesOf({ schema }: FileMetaData): Leaf[] {
  const leaves: Leaf[] = []
  let at = 1
  const visit = (path: readonly string[], repetition: number, definition: number): void => {
    const element = schema[at++]
    if (!element || path.length > MAX_DEPTH) throw new RangeError('a schema that cannot be')
    const own = [...path, element.name]
    const isRepeated = element.repetition_type === 'REPEATED'
    const isRequired = element.repetition_type === 'REQUIRED'
    const [repeated, defined] = [repetition + Number(isRepeated), definition + Number(!isRequired)]
    if (element.num_children === undefined)
      leaves.push({
        path: own.join('.'),
        repetition: repeated,
        definition: defined,
        isOptional: element.repetition_type === 'OPTIONAL',
      })
    else for (let i = 0; i < element.num_children; i++) visit(own, repeated, defined)
  }
  while (at < schema.length) visit([], 0, 0)
  return leaves
}

interface Budget {
  values: number
  bytes: number
}

function readLeafChunk(
  bytes: ArrayBuffer,
  chunk: ColumnMetaData,
  leaf: Leaf,
  budget: Budget,
  found: { values: (number | string)[]; starts: number[] },
): void {
  const view = new DataView(bytes)
  let dictionary: readonly (number | string)[] | undefined
  let at = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  for (let left = Number(chunk.num_values); left > 0; ) {
    const { header, reader, packed } = readPageHeader(bytes, view, at)
    at = reader.offset + packed.length
    const size = header.uncompressed_page_size
    budget.bytes -= size
    if (!(size >= 0 && budget.bytes >= 0)) throw new RangeError('pages that are too large')
    if (header.type === 'DICTIONARY_PAGE') {
      const page = viewOf(unpackPage(chunk.codec, packed, size))
      const count = checkCount(header.dictionary_page_header?.num_values, page.byteLength)
      dictionary = readPlain(page, 0, count, chunk)
      continue
    }
    const page = openPage(header, packed, chunk, leaf, Math.min(left, budget.values))
    left -= page.count
    budget.values -= page.count
    if (page.count === 0) throw new RangeError('a page without values')
    addPage(page, dictionary, chunk, leaf, found)
  }
}

interface Page {
  readonly count: number
  readonly encoding: string
  readonly repetition: Uint32Array | undefined
  readonly definition: Uint32Array | undefined
  readonly view: DataView
  /** Where its values begin. */
  readonly from: number
}

/** Unpacks a page of either version and reads its levels. */
function openPage(
  header: PageHeader,
  packed: Uint8Array,
  { codec }: ColumnMetaData,
  leaf: Leaf,
  most: number,
): Page {
  const size = header.uncompressed_page_size
  const widths = [bitsOf(leaf.repetition), bitsOf(leaf.definition)]
  const first = header.data_page_header
  if (header.type === 'DATA_PAGE' && first) {
    const count = checkCount(first.num_values, most)
    const view = viewOf(unpackPage(codec, packed, size))
    let from = 0
    const [repetition, definition] = widths.map((width) => {
      if (width === 0) return undefined
      const { numbers } = readHybrid(view, from + 4, width, count)
      from += 4 + view.getUint32(from, true)
      return numbers
    })
    return { count, encoding: first.encoding, repetition, definition, view, from }
  }
  const second = header.data_page_header_v2
  if (header.type === 'DATA_PAGE_V2' && second) {
    const count = checkCount(second.num_values, most)
    const lengths = [second.repetition_levels_byte_length, second.definition_levels_byte_length]
    const levels = viewOf(packed)
    let from = 0
    const [repetition, definition] = widths.map((width, i) => {
      const start = from
      from += checkCount(lengths[i], packed.length - from)
      return width === 0 ? undefined : readHybrid(levels, start, width, count).numbers
    })
    const rest = packed.subarray(from)
    const unpacked = second.is_compressed === false ? rest : unpackPage(codec, rest, size - from)
    return {
      count,
      encoding: second.encoding,
      repetition,
      definition,
      view: viewOf(unpacked),
      from: 0,
    }
  }
  throw new RangeError('a page of a kind that is not read')
}

function addPage(
  page: Page,
  dictionary: readonly (number | string)[] | undefined,
  chunk: ColumnMetaData,
  leaf: Leaf,
  { values, starts }: { values: (number | string)[]; starts: number[] },
): void {
  const { count, repetition, definition, view, from } = page
  let present = count
  if (definition) {
    present = 0
    for (const level of definition) if (level === leaf.definition) present++
  }
  const own = readValues(page, present, dictionary, chunk, view, from)
  let next = 0
  for (let i = 0; i < count; i++) {
    if (!repetition || repetition[i]! < leaf.repetition) starts.push(values.length)
    if (definition && definition[i] !== leaf.definition) {
      // An empty list has an entry too, of a lower level.
      const isGap = leaf.isOptional && definition[i] === leaf.definition - 1
      if (leaf.repetition === 0 || isGap) throw new RangeError('a value that is not there')
      continue
    }
    values.push(own[next++]!)
  }
}

function readValues(
  { encoding }: Page,
  count: number,
  dictionary: readonly (number | string)[] | undefined,
  chunk: ColumnMetaData,
  view: DataView,
  from: number,
): readonly (number | string)[] {
  if (encoding === 'PLAIN') return readPlain(view, from, count, chunk)
  if (!encoding.endsWith('_DICTIONARY') || !dictionary)
    throw new RangeError('an encoding that is not read')
  if (count === 0) return []
  const { numbers } = readHybrid(view, from + 1, view.getUint8(from), count)
  return Array.from(numbers, (position) => {
    const value = dictionary[position]
    if (value === undefined) throw new RangeError('a value that is not there')
    return value
  })
}

const widths: Readonly<Record<string, number>> = { INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8 }
const decoder = new TextDecoder('utf-8', { fatal: true })

function readPlain(
  view: DataView,
  from: number,
  count: number,
  { type }: ColumnMetaData,
): readonly (number | string)[] {
  if (type === 'BYTE_ARRAY') {
    let at = from
    return Array.from({ length: checkCount(count, view.byteLength) }, () => {
      const length = checkCount(view.getUint32(at, true), view.byteLength - at - 4)
      const text = new Uint8Array(view.buffer, view.byteOffset + at + 4, length)
      at += 4 + length
      return decoder.decode(text)
    })
  }
  const width = Object.hasOwn(widths, type) ? widths[type]! : 0
  if (width === 0 || count * width > view.byteLength - from)
    throw new RangeError('values that cannot be')
  const readers: Readonly<Record<string, (at: number) => number>> = {
    INT32: (at) => view.getInt32(at, true),
    INT64: (at) => Number(view.getBigInt64(at, true)),
    FLOAT: (at) => view.getFloat32(at, true),
    DOUBLE: (at) => view.getFloat64(at, true),
  }
  const read = readers[type]!
  return Array.from({ length: count }, (_, i) => read(from + i * width))
}

function checkCount(value: unknown, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most)
    return value as number
  throw new RangeError('a number that cannot be')
}

function bitsOf(greatest: number): number {
  return greatest === 0 ? 0 : 32 - Math.clz32(greatest)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
