/** Files of rows in blocks of whole records, so that data sets of any size pass through constant memory. */
import { InputError } from '../errors.ts'

/** Some records of a file, in their order. */
export interface Block {
  readonly bytes: Buffer
  /** Records before this block. */
  readonly records: number
  /** Bytes of the file up to the end of this block. */
  readonly end: number
}

/** Longest record that is read: a quote that is never closed must not swallow a whole file into memory. */
const MAX_RECORD = 64 << 20

const LF = 10
const CR = 13
const QUOTE = 34
const SPACE = 32
const TAB = 9

/**
 * Yields the records of a text, which end at line ends outside of quotes, in blocks of about so many bytes. Blank lines
 * begin a block and never end one, so that whoever reads the block sees them.
 * @param quoted whether quotes hide line ends, as in CSV
 * @throws InputError `invalid_csv` for a record beyond all measure
 */
export async function* splitRecords(
  chunks: AsyncIterable<Uint8Array>,
  blockBytes: number,
  quoted: boolean,
): AsyncGenerator<Block> {
  let rest: Buffer = Buffer.alloc(0)
  let inQuotes = false
  let scanned = 0
  /** Where the last record that the block may end with ends, and how many records that makes. */
  let cut = 0
  let inCut = 0
  let found = 0
  let before = 0
  let end = 0
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    // The byte behind a CR says whether it ends a line by itself.
    for (; scanned < rest.length - 1; scanned++) {
      const byte = rest[scanned]!
      if (quoted && byte === QUOTE) inQuotes = !inQuotes
      const isEnd = byte === LF || (byte === CR && rest[scanned + 1] !== LF)
      if (!isEnd || inQuotes) continue
      found++
      if (isBlankLine(rest, scanned)) continue
      cut = scanned + 1
      inCut = found
      if (cut < blockBytes) continue
      yield { bytes: rest.subarray(0, cut), records: before, end: end + cut }
      before += inCut
      end += cut
      rest = rest.subarray(cut)
      scanned = -1
      cut = 0
      inCut = 0
      found = 0
    }
    if (rest.length - cut > MAX_RECORD) {
      throw new InputError(
        'invalid_csv',
        `row ${before + inCut + 1} has more than ${MAX_RECORD} bytes; is a quote not closed?`,
      )
    }
  }
  const isBlank = rest.every((byte) => byte === LF || byte === CR)
  if (!isBlank || (before === 0 && rest.length > 0))
    yield { bytes: rest, records: before, end: end + rest.length }
}

/** Whether the line that ends here has nothing in it. */
function isBlankLine(bytes: Buffer, at: number): boolean {
  let last = bytes[at] === LF && bytes[at - 1] === CR ? at - 2 : at - 1
  while (last >= 0 && (bytes[last] === SPACE || bytes[last] === TAB)) last--
  return last < 0 || bytes[last] === LF || bytes[last] === CR
}
