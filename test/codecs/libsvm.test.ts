/** LIBSVM rows in: labels, bases, comments, and what is refused. */
import fc from 'fast-check'
import t from 'tap'
import { libsvm } from '../../src/codecs/libsvm.ts'
import type { Cell } from '../../src/data/frame.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import { runs } from '../effort.ts'
import { decodeBody, mutants, refusalOf } from '../helper.ts'
import { checkReadsNumbersOrRefuses, numberColumns, readRows, tables } from './numbers.ts'

const twoRows = [
  [1, 2, 3],
  [4, 5.5, 6],
]

const accepted: [name: string, body: string, rows: Cell[][]][] = [
  ['rows as the contract has them', '1:1.0 2:2.0 3:3.0\n1:4.0 2:5.5 3:6.0', twoRows],
  ['a line end behind the last row', '1:1 2:2 3:3\n1:4 2:5.5 3:6\n', twoRows],
  ['lines may end in CR LF', '1:1 2:2 3:3\r\n1:4 2:5.5 3:6\r\n', twoRows],
  ['lines may end in CR', '1:1 2:2 3:3\r1:4 2:5.5 3:6\r', twoRows],
  ['a byte order mark', '\ufeff1:1 2:2 3:3', [[1, 2, 3]]],
  ['blanks and tabs around entries', ' 1:1\t 2:2   3:3 \t', [[1, 2, 3]]],
  ['labels are ignored', '1 1:1 2:2 3:3\n-1.5 1:4 2:5.5 3:6', twoRows],
  ['labels in some rows', '+1 1:1 2:2 3:3\n1:4 2:5.5 3:6', twoRows],
  [
    'labels beside the values of one column',
    '7 1:1\n1e3 1:2',
    [
      [1, 0, 0],
      [2, 0, 0],
    ],
  ],
  [
    'a label alone is a row of zeros',
    '1\n1 2:5\n0',
    [
      [0, 0, 0],
      [0, 5, 0],
      [0, 0, 0],
    ],
  ],
  [
    'absent values are 0',
    '2:5\n3:1',
    [
      [0, 5, 0],
      [0, 0, 1],
    ],
  ],
  ['indexes from 0 where a 0 occurs', '0:1 1:2 2:3\n0:4 1:5.5 2:6', twoRows],
  [
    'one 0 counts for all rows',
    '1:2\n2:3\n0:1',
    [
      [0, 2, 0],
      [0, 0, 3],
      [1, 0, 0],
    ],
  ],
  [
    'without a 0 the smallest index is the first column',
    '1:2\n2:3',
    [
      [2, 0, 0],
      [0, 3, 0],
    ],
  ],
  [
    'without a 0 and a 1 too',
    '2:2\n3:3',
    [
      [0, 2, 0],
      [0, 0, 3],
    ],
  ],
  ['leading zeros of an index', '01:1 002:2', [[1, 2, 0]]],
  ['comments', '1:1 2:2 3:3 # 3:9\n1:4 2:5.5 3:6# x', twoRows],
  ['a comment with odd breaks', '1:1 # \u2028 2:2 \v 3:3', [[1, 0, 0]]],
  ['lines of comments alone are no rows', '# made by us\n#\n1:1 2:2 3:3\n # end\n', [[1, 2, 3]]],
  ['blank lines at the end', '1:1 2:2 3:3\n\n \t\r\n\n', [[1, 2, 3]]],
  ['blank lines before comments at the end', '1:1 2:2 3:3\n\n# end\n', [[1, 2, 3]]],
  ['no text', '', []],
  ['blank lines alone', '\n\n', []],
  ['numbers as people write them', '1:+.5 2:-5. 3:1E-2', [[0.5, -5, 0.01]]],
  ['negative zero', '1:-0', [[-0, 0, 0]]],
  ['nan is missing', '1:nan 2:NaN 3:NAN', [[null, null, null]]],
]

for (const [name, body, rows] of accepted) {
  t.test(name, (t) => {
    t.strictSame(readRows(libsvm, body), rows)
    t.end()
  })
}

const refused: [
  name: string,
  body: string | Buffer,
  row: number | undefined,
  code: InputErrorCode,
  message: RegExp,
][] = [
  ['a blank line in the middle', '1:1\n\n1:2', 2, 'blank_row', /^row 2 is an empty line/],
  ['a line of blanks in the middle', '1:1\n1:1\n \t\n1:2', 3, 'blank_row', /^row 3/],
  ['a blank line at the top', '\n1:1', 1, 'blank_row', /^row 1/],
  ['a blank line before a comment and a row', '1:1\n\n# x\n1:2', 2, 'blank_row', /^row 2/],
  ['an index beyond the columns', '1:1\n4:1', 2, 'invalid_libsvm', /^row 2: index 4 is beyond/],
  [
    'an index of many digits',
    `${'9'.repeat(400)}:1`,
    1,
    'invalid_libsvm',
    /^row 1: index Infinity/,
  ],
  [
    'the last index from 1 in rows from 0',
    '1:1\n1:1 3:1\n0:1\n3:1',
    2,
    'invalid_libsvm',
    /^row 2: index 3 is beyond the 3 columns of the model, counted from 0/,
  ],
  ['an index twice', '1:1 2:1 2:1', 1, 'invalid_libsvm', /index 2 follows 2; indexes must ascend/],
  ['indexes that descend', '1:1\n2:1 1:1', 2, 'invalid_libsvm', /^row 2: index 1 follows 2/],
  ['index 0 twice', '0:1 0:1', 1, 'invalid_libsvm', /index 0 follows 0/],
  ['a negative index', '-1:1', 1, 'invalid_libsvm', /"-1:1" is not index:value/],
  ['a fraction of an index', '1.0:1', 1, 'invalid_libsvm', /"1\.0:1" is not index:value/],
  ['digits of other scripts', '\u0661:1', 1, 'invalid_libsvm', /not index:value/],
  ['no index', ':1', 1, 'invalid_libsvm', /":1" is not index:value/],
  ['no value', '1:1\n1:', 2, 'invalid_libsvm', /^row 2: "1:" is not index:value/],
  ['a blank behind the colon', '1: 1', 1, 'invalid_libsvm', /"1:" is not index:value/],
  ['a query', '1 qid:1 1:1', 1, 'invalid_libsvm', /"qid:1" is not index:value/],
  ['two labels', '1 2 1:1', 1, 'invalid_libsvm', /"2" is not index:value/],
  ['a long number behind the label', '1 21', 1, 'invalid_libsvm', /"21" is not index:value/],
  ['a label behind an entry', '1:1 1', 1, 'invalid_libsvm', /"1" is not index:value/],
  ['a label that is a word', 'yes 1:1', 1, 'invalid_libsvm', /"yes" is not index:value/],
  ['CSV', '1,2,3\n4,5.5,6', 1, 'invalid_libsvm', /"1,2,3" is not index:value/],
  ['JSON', '[[1,2,3]]', 1, 'invalid_libsvm', /not index:value/],
  ['a word for a value', '1:1\n1:one', 2, 'invalid_number', /^row 2: "one" is not a number/],
  ['two colons', '1:2:3', 1, 'invalid_number', /^row 1: "2:3" is not a number/],
  ['a decimal comma', '1:1,5', 1, 'invalid_number', /write decimals with a point/],
  ['hexadecimal', '1:0x10', 1, 'invalid_number', /"0x10"/],
  ['words for nothing other than nan', '1:NA', 1, 'invalid_number', /"NA"/],
  ['an infinity', '1:inf', 1, 'invalid_number', /must be finite/],
  ['a number beyond all doubles', '1:1\n1:1e999', 2, 'non_finite', /^row 2: "1e999"/],
  ['a NUL', '1:1\n1:1\0', 2, 'invalid_number', /^row 2: "1\\u0000"/],
  ['bytes that are not UTF-8', Buffer.of(0x31, 0x3a, 0xff), undefined, 'invalid_utf8', /byte 3/],
  ['more rows than allowed', '1:1\n'.repeat(101), undefined, 'too_many_rows', /may hold 100 rows$/],
]

for (const [name, body, row, code, message] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => readRows(libsvm, body))
    t.equal(error.code, code)
    t.match(error.message, message)
    t.strictSame(error.places, row === undefined ? [] : [{ row }])
    t.end()
  })
}

t.test('as many rows as allowed are read', (t) => {
  const { frame } = decodeBody(libsvm, '1:1\n'.repeat(100), numberColumns(3))
  t.equal(frame.length, 100)
  t.end()
})

t.test('nan where training saw no missing value is refused, 0 for an absent one is not', (t) => {
  const where = numberColumns(2, false)
  const error = refusalOf(() => decodeBody(libsvm, '2:1\n2:nan', where))
  t.equal(error.code, 'missing_value')
  t.strictSame(error.places, [{ row: 2, column: 'x2' }])
  t.equal(decodeBody(libsvm, '2:1', where).frame.length, 1)
  t.end()
})

t.test('few bytes do not become any number of cells', (t) => {
  const wide = numberColumns(2 ** 14, true, 2000)
  t.equal(decodeBody(libsvm, '1:1\n'.repeat(100), wide).frame.length, 100)
  const error = refusalOf(() => decodeBody(libsvm, '1\n'.repeat(1025), wide))
  t.equal(error.code, 'too_expensive')
  t.match(error.message, /send fewer rows/)
  t.end()
})

/** How a row is written: what does not change its meaning. */
const style = fc.record({
  first: fc.constantFrom(0, 1),
  label: fc.constantFrom('', '1', '-1', '0.5'),
  end: fc.constantFrom('\n', '\r\n', '\r', ' \n', ' # 1:1\n', '\n# 1:1\n'),
  blank: fc.constantFrom(' ', '\t', '  '),
  sendZeros: fc.boolean(),
})

t.test('property: rows are read as they were written', (t) => {
  fc.assert(
    fc.property(tables, style, ({ width, rows }, { first, label, end, blank, sendZeros }) => {
      const lines = rows.map((row, i) => {
        const entries = row.flatMap((x, j) => {
          // The base and -0 must be seen, and a row without a label needs an entry.
          const isNeeded = j === 0 && (first === 0 || label === '' || i === 0)
          if (x === 0 && !Object.is(x, -0) && !sendZeros && !isNeeded) return []
          return [`${j + first}:${x === null ? 'nan' : Object.is(x, -0) ? '-0' : x}`]
        })
        return [...(label === '' ? [] : [label]), ...entries].join(blank) + end
      })
      const read = readRows(libsvm, lines.join(''), width)
      return (
        read.length === rows.length &&
        read.every((row, i) => row.every((x, j) => Object.is(x, rows[i]?.[j])))
      )
    }),
    { numRuns: runs(500) },
  )
  t.end()
})

t.test('property: mutants are read or refused', (t) => {
  const bodies = mutants(accepted.map(([, body]) => body))
  fc.assert(
    fc.property(bodies, fc.integer({ min: 1, max: 4 }), (body, width) =>
      checkReadsNumbersOrRefuses(libsvm, body, width),
    ),
    { numRuns: runs(2000) },
  )
  t.end()
})
