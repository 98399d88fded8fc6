/** The footer of a Parquet file and the chunks of its columns, by the library that decodes them. */
import {
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  parquetMetadata,
  type SchemaElement,
} from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { unpackPage } from './parquet-codecs.ts'
import { type CheckedPage, checkPage, type PageBounds } from './parquet-pages.ts'
import type { ReadCell, TypedCell } from './parquet-types.ts'
import { checkStruct } from './thrift-bounds.ts'

/** Bytes behind the footer: its length and the letters of the format. */
export const TAIL = 8

/** What a footer may hold: about 500,000 chunks of columns. Parsed, that takes some hundred MB. */
const FOOTER = { structs: 1 << 21, values: 1 << 24 }

/**
 * Returns what a footer says.
 * @param bytes the footer and what stands behind it
 * @throws RangeError and others for what is no footer
 */
export function parseFooter(bytes: ArrayBuffer): FileMetaData {
  checkStruct(new DataView(bytes), 0, FOOTER)
  return parquetMetadata(bytes, { geoparquet: false })
}

/** A column as it is decoded. */
export interface ChunkColumn {
  readonly element: SchemaElement
  readonly read: ReadCell
}

/** What a page's header may hold. */
const HEADER = { structs: 16, values: 256 }

/**
 * Returns the cells of a column's chunk, page by page; each is checked before it is decoded.
 * @param length rows of its group
 * @param reserve is told of every page's bytes before memory is taken for them
 * @throws RangeError for what cannot be; what the library throws at what is not of its kind
 */
export function readChunk(
  bytes: ArrayBuffer,
  { type, codec }: ColumnMetaData,
  { element, read }: ChunkColumn,
  length: number,
  reserve: (bytes: number) => void,
): TypedCell[] {
  const cells: TypedCell[] = []
  // What the values mean is left out, so that the library gives them as they are stored.
  const stored = { ...element, converted_type: undefined, logical_type: undefined }
  const leaf = { element: stored, children: [], count: 1, path: [element.name] }
  const root = { element: { name: '' }, children: [leaf], count: 2, path: [] }
  const decoder = {
    pathInSchema: [element.name],
    type,
    element: stored,
    schemaPath: [root, leaf],
    codec,
    parsers: asStored,
    utf8: false,
  }
  const cellOf = (value: unknown) => (value === null ? null : read(value))
  let dictionary: TypedCell[] | undefined
  const view = new DataView(bytes)
  for (let at = 0; cells.length < length; ) {
    const { header, reader, packed } = readPageHeader(bytes, view, at)
    const bounds: PageBounds = {
      type,
      typeLength: element.type_length,
      isOptional: element.repetition_type !== 'REQUIRED',
      rowsLeft: length - cells.length,
      hasDictionary: dictionary !== undefined,
      unpack(packed, size) {
        reserve(size)
        return unpackPage(codec, packed, size)
      },
      unpackDeltas,
      reserve,
    }
    const page = checkPage(header, packed, bounds)
    const compressors = { [codec]: () => page.unpacked }
    const data = readPage(reader, header, { ...decoder, compressors }, dictionary, undefined, 0)
      .data as DecodedArray
    if (page.isDictionary) dictionary = Array.from(convert(data, decoder), cellOf)
    else addCells(cells, data, page, cellOf)
    at = reader.offset
  }
  return cells
}

/**
 * Returns a page's header, its bytes as they are packed, and a reader that stands behind the header.
 * @param view of the same bytes
 * @throws RangeError for what cannot be
 */
export function readPageHeader(bytes: ArrayBuffer, view: DataView<ArrayBuffer>, at: number) {
  checkStruct(view, at, HEADER)
  const reader = { view, offset: at }
  const header = parquetHeader(reader)
  // A view of another length than this is refused by the array itself.
  const packed = new Uint8Array(bytes, reader.offset, header.compressed_page_size)
  return { header, reader, packed }
}

/** Adds the cells of a page; positions have become the dictionary's cells, undefined where it has none. */
function addCells(
  cells: TypedCell[],
  data: DecodedArray,
  { length, isCoded }: CheckedPage,
  cellOf: (value: unknown) => TypedCell,
): void {
  if (data.length !== length) throw new RangeError('another number of values')
  for (let i = 0; i < length; i++) {
    const value: unknown = data[i]
    if (value === undefined) throw new RangeError('a value that is not there')
    cells.push(isCoded ? (value as TypedCell) : cellOf(value))
  }
}

function unpackDeltas(bytes: DataView, from: number, into: Int32Array): number {
  const reader = { view: bytes, offset: from }
  deltaBinaryUnpack(reader, into.length, into)
  return reader.offset
}

/** INT96 is a time by its physical type: as nanoseconds since 1970. */
const asStored = {
  ...DEFAULT_PARSERS,
  timestampFromNanoseconds: (nanoseconds: bigint) => nanoseconds,
}
