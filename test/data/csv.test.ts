/** Our scanner of CSV against csv-parse, and numbers against the language's own. */
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import { parseCsv } from '../../src/data/csv.ts'
import { beginsWithZero, readDecimal } from '../../src/data/decimal.ts'
import { cellAt, type DataFrame } from '../../src/data/frame.ts'
import { hasLeadingZero, isDecimal, isMissingBytes, isMissingText } from '../../src/data/number.ts'
import { createUtf8Checker, decodeUtf8 } from '../../src/data/utf8.ts'
import { InputError } from '../../src/errors.ts'
import { createCsvReader } from '../../src/tables/formats/csv.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { createTableBuilder } from '../../src/tables/formats/table-builder.ts'
import { createTextDictionary } from '../../src/tables/formats/text-dictionary.ts'
import { runs } from '../effort.ts'

const usual = { numRuns: runs(1000) }

/** Rows as csv-parse reads them, with the rules that it has no option for. */
function reference(text: string): string[][] | 'refused' {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return 'refused'
  const body = text.replace(/(^|[\r\n])\s*$/, '')
  if (body === '') return []
  let records: { record: string[]; raw: string }[]
  try {
    records = parse(body, {
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: false,
      trim: true,
      raw: true,
    }) as unknown as typeof records
  } catch {
    return 'refused'
  }
  const width = records[0]?.record.length
  // Of trimmed characters, `raw` has the first byte only.
  const isBlank = (raw: string) => raw.replaceAll('\ufffd', '').trim() === ''
  if (records.some(({ record, raw }) => record.length !== width || isBlank(raw))) return 'refused'
  return records.map(({ record }) => record.map((field) => field.trim()))
}

function own(text: string): readonly (readonly string[])[] | 'refused' {
  try {
    return parseCsv(text, { header: false })
  } catch (error) {
    if (error instanceof InputError) return 'refused'
    throw error
  }
}

/**
 * Where csv-parse is at odds with itself: it takes `"" "x"` for x, and a blank outside ASCII behind closing quotes as a
 * blank only if the quotes are empty. Here the first is no CSV, and the second is a blank.
 */
function isOdd(text: string): boolean {
  return /""[^\S\r\n]+"|"[^\S\r\n]*[\u00a0\u2003\u3000\ufeff\u2028]/.test(text)
}

const pieces = fc.constantFrom(
  ...['"', '""', ',', '\n', '\r', '\r\n', ' ', '\t', 'a', 'é', '😀', '1', '\u00a0', '\u2003'],
  ...['\u3000', '\ufeff', '\u2028', '\u000b', '\0', '\u00c2', '\u20ac', '"a"', '"a,b"', '" x "'],
)
const anyText = fc.array(pieces, { maxLength: 24 }).map((parts) => parts.join(''))

t.test('any text gives the rows that csv-parse gives, or is refused as it refuses', (t) => {
  let read = 0
  fc.assert(
    fc.property(anyText, (text) => {
      if (isOdd(text)) return
      const expected = reference(text)
      const found = own(text)
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(text)}: ${JSON.stringify([found, expected])}`)
      if (found !== 'refused' && found.length > 1) read++
    }),
    { numRuns: runs(5000) },
  )
  t.ok(read > runs(5000) / 200, 'many of them were read', { read })
  t.equal(own('""  "x"\n'), 'refused')
  t.strictSame(own('"x"\u3000,""\u2003\n'), [['x', '']])
  t.end()
})

const cell = fc.oneof(
  fc.string({ unit: pieces, maxLength: 6 }),
  fc.double().map(String),
  fc.constantFrom('', 'NA', 'x', '007'),
)
const written = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom('\n', '\r\n', '\r'))
  .chain(([width, end]) =>
    fc
      .array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 })
      .map((rows) =>
        rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')).join(end),
      ),
  )

t.test('written tables and tables with one change are read as csv-parse reads them', (t) => {
  let read = 0
  const mutated = fc.tuple(written, fc.nat(), fc.option(pieces)).map(([text, at, piece]) => {
    if (piece === null) return text
    const place = at % (text.length + 1)
    const changed = text.slice(0, place) + piece + text.slice(place + (at % 2))
    return changed.replaceAll(/\p{Surrogate}/gu, 'x')
  })
  fc.assert(
    fc.property(mutated, (text) => {
      if (isOdd(text)) return
      const expected = reference(text)
      const found = own(text)
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(text)}: ${JSON.stringify([found, expected])}`)
      if (found !== 'refused') read++
    }),
    usual,
  )
  t.ok(read > runs(1000) / 6, 'many of them were read', { read })
  t.end()
})

/** A table's cells, or the error that it ends in. */
function cellsOf(read: () => DataFrame): unknown {
  try {
    const { names, columns, length } = read()
    return [
      names,
      columns.map((column) => [
        column.kind,
        Array.from({ length }, (_, row) => cellAt(column, row)),
      ]),
    ]
  } catch (error) {
    if (error instanceof InputError) return [error.code, error.message, error.places]
    throw error
  }
}

t.test('it does not matter where a file is cut into pieces', (t) => {
  const text = fc.tuple(fc.oneof(anyText, written), fc.boolean()).map(([body, hasName]) => {
    return hasName ? `a\n${body}` : body
  })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (text, size) => {
      const bytes = new TextEncoder().encode(text)
      const whole = cellsOf(() => readCsvTable(text))
      const inPieces = cellsOf(() => {
        const builder = createTableBuilder({ capacity: 1 })
        for (;;) {
          const reader = createCsvReader(builder.openFile(''), 'present')
          // The first piece tells UTF-16.
          reader.write(bytes.subarray(0, 4))
          for (let at = 4; at < bytes.length; at += size)
            reader.write(bytes.subarray(at, at + size))
          reader.end()
          if (builder.torn().length === 0) return builder.finish()
          builder.restart()
        }
      })
      if (JSON.stringify(inPieces) !== JSON.stringify(whole))
        throw new Error(`${JSON.stringify([text, size, inPieces, whole])}`)
    }),
    usual,
  )
  t.end()
})

t.test('a table has the columns that its fields say, in whatever order they come', (t) => {
  const field = fc.oneof(
    fc.constantFrom('', 'NA', '1', '1.50', '+2', '007', '-01', 'x', 'inf', '1e999', '0x1', '1e5'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  )
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 9 }), (fields) => {
      const table = cellsOf(() =>
        readCsvTable(`a,b\n${fields.map((f) => `${f},0\n`).join('')}`),
      ) as unknown[]
      const present = fields.filter((text) => !isMissingText(text))
      const isNumber =
        present.length > 0 && present.every((text) => isDecimal(text) && !hasLeadingZero(text))
      const infinite = present.find((text) =>
        isNumber ? !Number.isFinite(Number(text)) : text === 'inf',
      )
      const onlyNumbers = present.every((text) => isDecimal(text) || text === 'inf')
      const expected =
        infinite !== undefined && (isNumber || onlyNumbers)
          ? ['non_finite', fields.indexOf(infinite) + 1]
          : [
              isNumber ? 'number' : 'text',
              fields.map((text) => (isMissingText(text) ? null : isNumber ? Number(text) : text)),
            ]
      const found =
        typeof table[0] === 'string'
          ? [table[0], (table[2] as [{ row: number }])[0].row]
          : (table[1] as unknown[])[0]
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(JSON.stringify({ fields, found, expected }))
    }),
    usual,
  )
  t.end()
})

/** Checks one text as a number. */
function checkDecimal(text: string): void {
  const bytes = new TextEncoder().encode(`9${text}9`)
  const found = readDecimal(bytes, 1, bytes.length - 1)
  const expected = isDecimal(text) ? Number(text) : Number.NaN
  if (!Object.is(found, expected)) throw new Error(`${text}: ${found}, expected ${expected}`)
  if (beginsWithZero(bytes, 1, bytes.length - 1) !== hasLeadingZero(text))
    throw new Error(`zeros in front of ${text}`)
}

t.test('decimals are the numbers that the language reads, bit by bit', (t) => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 24 })
  const decimal = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits,
      fc.constantFrom('', '.', '..'),
      digits,
      fc.oneof(
        fc.constant(''),
        fc.constant(''),
        fc.integer({ min: -340, max: 340 }).map((e) => `e${e}`),
        fc.constantFrom('E+05', 'e', 'e-', 'e1.5', ' ', 'x', 'e99999999999999999999'),
      ),
    )
    .map((parts) => parts.join(''))
  fc.assert(fc.property(decimal, checkDecimal), { numRuns: 30_000 })
  const double = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(double, fc.integer({ min: 1, max: 21 }), (value, precision) => {
      checkDecimal(String(value))
      checkDecimal(value.toPrecision(precision))
      checkDecimal(value.toExponential(precision - 1))
      if (Math.abs(value) < 1e21) checkDecimal(value.toFixed(precision))
    }),
    { numRuns: runs(5000) },
  )
  // Halfway between two doubles, and the digits next to it.
  for (const text of ['9007199254740993', '9007199254740992.9', '9007199254740993.1', '0.5e-15'])
    checkDecimal(text)
  for (const text of [
    '',
    '.',
    '-',
    '+',
    '1_0',
    '٣',
    'Infinity',
    'NaN',
    '0x1',
    '-0',
    '00',
    '1'.repeat(999),
  ])
    checkDecimal(text)
  t.equal(readDecimal(new TextEncoder().encode('1e999'), 0, 5), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('markers of missing values are known from their bytes', (t) => {
  for (const text of [
    '',
    'NA',
    'N/A',
    'NaN',
    'nan',
    'NULL',
    'null',
    'na',
    'Nan',
    'N',
    'nullx',
    'n',
  ]) {
    const bytes = new TextEncoder().encode(text)
    t.equal(isMissingBytes(bytes, 0, bytes.length), isMissingText(text), JSON.stringify(text))
  }
  t.end()
})

t.test('bytes in pieces are as valid as they are in one', (t) => {
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xed, 0xf0, 0x9f, 0x98, 0x80, 0xf4, 0x90),
  )
  const parts = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).map((s) => [...new TextEncoder().encode(s)]),
      byte.map((b) => [b]),
    ),
    { maxLength: 8 },
  )
  const outcome = (act: () => void) => {
    try {
      act()
      return 'valid'
    } catch (error) {
      return (error as Error).message
    }
  }
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 3 }), (parts, size) => {
      // A few letters first: a zero byte there would be UTF-16.
      const bytes = Uint8Array.from([0x61, 0x61, 0x61, 0x61, ...parts.flat()])
      const expected = outcome(() => void decodeUtf8(bytes))
      const found = outcome(() => {
        const checker = createUtf8Checker()
        checker.check(bytes.subarray(0, 4))
        for (let at = 4; at < bytes.length; at += size) checker.check(bytes.subarray(at, at + size))
        checker.end()
      })
      if (found !== expected) throw new Error(`${bytes}: ${found}, expected ${expected}`)
    }),
    usual,
  )
  t.end()
})

t.test('a dictionary gives every text a code of its own', (t) => {
  const dictionary = createTextDictionary()
  const texts = Array.from({ length: 5000 }, (_, i) => `é${i * 7919}`)
  const encoder = new TextEncoder()
  const code = (text: string) => {
    const bytes = encoder.encode(`#${text}#`)
    return dictionary.codeOf(bytes, 1, bytes.length - 1)
  }
  t.strictSame(texts.map(code), [...texts.keys()], 'in order of appearance')
  t.strictSame(texts.map(code), [...texts.keys()], 'and again')
  t.equal(code(''), 5000)
  t.strictSame(dictionary.texts(), [...texts, ''])
  t.equal(dictionary.size, 5001)
  t.ok(dictionary.memory > 5001 * 8 && dictionary.memory < 300_000)
  t.end()
})

t.test('doubled quotes in long fields, wherever they stand', (t) => {
  const quotes = fc.integer({ min: 0, max: 9 })
  fc.assert(
    fc.property(fc.integer({ min: 65_500, max: 65_560 }), quotes, quotes, (length, more, last) => {
      const text = `${'a'.repeat(length)}${'"'.repeat(more)}b${'"'.repeat(70_000)}${'"'.repeat(last)}`
      const [row = []] = parseCsv(`"${text.replaceAll('"', '""')}",1\n`, { header: true })
      return row[0] === text && row[1] === '1'
    }),
    // Each of them is long.
    { numRuns: 30 },
  )
  t.end()
})
