/** The bytes of CSV as rows of fields: RFC 4180 and nothing looser. Served requests and training files share it. */

const ORDINARY = 0
const DELIMITER = 1
/** Of a run of them, which separates fields as a whole. */
const BLANK = 2
const LINE_FEED = 3
const CARRIAGE_RETURN = 4
const QUOTE = 5
const CONTROL = 6
const QUOTE_BYTE = 0x22

const kindOfByte = new Uint8Array(256)
for (let byte = 0; byte < 0x20; byte++) kindOfByte[byte] = CONTROL
kindOfByte[0x7f] = CONTROL
kindOfByte[0x09] = ORDINARY
kindOfByte[0x0a] = LINE_FEED
kindOfByte[0x0d] = CARRIAGE_RETURN
kindOfByte[QUOTE_BYTE] = QUOTE

const TAB = 0x09
const SPACE = 0x20
const COMMA = 0x2c

/** One table per delimiter: scanners of one delimiter share it. */
const kindsOf = new Map<number, Uint8Array>()

function kindsWith(delimiter: number): Uint8Array {
  const known = kindsOf.get(delimiter)
  if (known) return known
  const kinds = kindOfByte.slice()
  kinds[delimiter] = delimiter === SPACE ? BLANK : DELIMITER
  if (delimiter === SPACE) kinds[TAB] = BLANK
  kindsOf.set(delimiter, kinds)
  return kinds
}

/** What {@link RowScanner.scan} returns instead of a position. */
export const scanned = {
  /** The row goes on behind the bytes given. */
  incomplete: -1,
  unclosedQuote: -2,
  misplacedQuote: -3,
  /** NUL and the like; where it is stands in `position`. */
  controlCharacter: -4,
  tooManyFields: -5,
} as const

/** More fields in one row are no table: where they stand would take nine times the memory of the row. */
export const MAX_FIELDS = 1 << 20

/** Finds the fields of one row at a time; the arrays are used again for the next row. */
export interface RowScanner {
  /** How many fields the row has. */
  count: number
  /** Where each field's trimmed text begins and ends. */
  starts: Int32Array
  ends: Int32Array
  /** 1 where the text holds doubled quotes, which stand for one. */
  doubled: Uint8Array
  /** Whether the row is a line of nothing but blanks. */
  isBlank: boolean
  /** Where scanning stopped at something wrong. */
  position: number
  /** The byte between fields, and what every byte is beside it. */
  readonly delimiter: number
  readonly kinds: Uint8Array
  /**
   * Scans the row that begins at `from` and returns where the next one begins, or one of {@link scanned}.
   * @param isEnd whether the text ends at `to`; otherwise a row that may go on there is incomplete
   */
  scan(bytes: Uint8Array, from: number, to: number, isEnd: boolean): number
}

/**
 * Returns a scanner of rows. Lines end in LF, CR LF or CR; blanks around fields, and inside their quotes, are cut.
 * @param delimiter the ASCII byte between fields; a tab that is one is no blank. A space stands for runs of blanks,
 * of which those around a row part nothing
 */
export function createRowScanner(delimiter: number = COMMA): RowScanner {
  const scanner: RowScanner = {
    count: 0,
    starts: new Int32Array(64),
    ends: new Int32Array(64),
    doubled: new Uint8Array(64),
    isBlank: false,
    position: 0,
    delimiter,
    kinds: kindsWith(delimiter),
    scan: scanRow,
  }
  return scanner
}

function scanRow(
  this: RowScanner,
  bytes: Uint8Array,
  from: number,
  to: number,
  isEnd: boolean,
): number {
  const { kinds, delimiter } = this
  let at = from
  this.count = 0
  for (;;) {
    if (this.count === MAX_FIELDS) return scanned.tooManyFields
    if (this.count === this.starts.length) grow(this)
    let start = skipBlanks(bytes, at, to, false, delimiter)
    let end: number
    let kind = 0
    at = start
    const isQuoted = at < to && bytes[at] === QUOTE_BYTE
    if (isQuoted) {
      start = ++at
      let doubled = 0
      for (;;) {
        while (at < to && kinds[bytes[at]!]! < QUOTE) at++
        if (at >= to) return isEnd ? scanned.unclosedQuote : scanned.incomplete
        if (bytes[at] !== QUOTE_BYTE) return fail(this, at, scanned.controlCharacter)
        if (at + 1 >= to && !isEnd) return scanned.incomplete
        if (at + 1 >= to || bytes[at + 1] !== QUOTE_BYTE) break
        doubled = 1
        at += 2
      }
      end = at
      this.doubled[this.count] = doubled
      at = skipBlanks(bytes, at + 1, to, false, delimiter)
      kind = at < to ? kinds[bytes[at]!]! : ORDINARY
      if (at < to && (kind === ORDINARY || kind === QUOTE)) {
        // A character of several bytes may go on behind the bytes given, and be a blank.
        if (at + 3 > to && !isEnd) return scanned.incomplete
        if (delimiter !== SPACE || at === end + 1) return scanned.misplacedQuote
        kind = BLANK
      }
    } else {
      while (at < to && kinds[bytes[at]!] === ORDINARY) at++
      kind = at < to ? kinds[bytes[at]!]! : ORDINARY
      if (at < to && kind === QUOTE) return scanned.misplacedQuote
      end = at
      this.doubled[this.count] = 0
    }
    if (at < to && kind === CONTROL) return fail(this, at, scanned.controlCharacter)
    if (at >= to && !isEnd) return scanned.incomplete
    end = cutBlanks(bytes, start, end)
    this.starts[this.count] = skipBlanks(bytes, start, end, true, COMMA)
    this.ends[this.count] = end
    this.count++
    if (at < to && kind === DELIMITER) {
      at++
      continue
    }
    if (at < to && kind === BLANK) {
      at = skipBlanks(bytes, at, to, false, delimiter)
      if (at >= to && !isEnd) return scanned.incomplete
      kind = at < to ? kinds[bytes[at]!]! : ORDINARY
      if (at < to && kind !== LINE_FEED && kind !== CARRIAGE_RETURN) continue
    }
    this.isBlank = this.count === 1 && !isQuoted && start === end
    if (at >= to) return to
    if (kind === LINE_FEED) return at + 1
    if (at + 1 >= to) return isEnd ? to : scanned.incomplete
    return bytes[at + 1] === 0x0a ? at + 2 : at + 1
  }
}

function fail(scanner: RowScanner, position: number, what: number): number {
  scanner.position = position
  return what
}

function grow(scanner: RowScanner): void {
  const size = scanner.starts.length * 2
  for (const key of ['starts', 'ends'] as const) {
    const larger = new Int32Array(size)
    larger.set(scanner[key])
    scanner[key] = larger
  }
  const larger = new Uint8Array(size)
  larger.set(scanner.doubled)
  scanner.doubled = larger
}

/** Returns the position behind blanks; line ends are blanks inside quotes only. */
function skipBlanks(
  bytes: Uint8Array,
  from: number,
  to: number,
  isQuoted: boolean,
  delimiter: number,
): number {
  let at = from
  while (at < to) {
    const byte = bytes[at]!
    if (byte === 0x20 || (byte === TAB && delimiter !== TAB)) at++
    else if (byte < 0xc2) {
      if (!isQuoted || (byte !== 0x0a && byte !== 0x0d)) break
      at++
    } else {
      const length = wideBlankAt(bytes, at, to)
      if (length === 0) break
      at += length
    }
  }
  return at
}

/** Returns where a text ends without the blanks and line ends behind it. */
function cutBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start) {
    const byte = bytes[at - 1]!
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) at--
    else if (byte < 0x80) break
    else if (at - 2 >= start && wideBlankAt(bytes, at - 2, at) === 2) at -= 2
    else if (at - 3 >= start && wideBlankAt(bytes, at - 3, at) === 3) at -= 3
    else break
  }
  return at
}

/**
 * Returns how many bytes a blank outside ASCII takes that begins here, 0 if there is none: Unicode's spaces, its line
 * and paragraph separators and U+FEFF, as String.prototype.trim has them.
 */
function wideBlankAt(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at]
  if (first === 0xc2) return at + 2 <= to && bytes[at + 1] === 0xa0 ? 2 : 0
  if (at + 3 > to) return 0
  const second = bytes[at + 1]
  const third = bytes[at + 2]!
  const isBlank =
    (first === 0xe2 &&
      ((second === 0x80 &&
        ((third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf)) ||
        (second === 0x81 && third === 0x9f))) ||
    (first === 0xe1 && second === 0x9a && third === 0x80) ||
    (first === 0xe3 && second === 0x80 && third === 0x80) ||
    (first === 0xef && second === 0xbb && third === 0xbf)
  return isBlank ? 3 : 0
}
