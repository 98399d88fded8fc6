/** Which numeric targets are quantities, and what is said of them. */
import t from 'tap'
import { checkIsNoQuantity } from '../../src/preprocess/quantity.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { refusalOf } from '../helper.ts'

t.test('numbers that are classes, and numbers that are not', (t) => {
  const cases: [string, number, (row: number) => string | number, boolean][] = [
    ['two classes', 60, (row) => row % 2, false],
    ['two classes with a fraction', 60, (row) => 0.5 + (row % 2), false],
    ['20 different, one a row', 20, (row) => row / 3, false],
    ['21 different, one a row', 21, (row) => row, true],
    ['21 fractions, many rows each', 2100, (row) => (row % 21) / 4, true],
    ['26 letters by number, ten rows each', 260, (row) => row % 26, false],
    ['26 letters by number, a row less', 259, (row) => row % 26, true],
    ['more numbers than there can be classes', 5000, (row) => row % 101, true],
    ['as many as there can be', 5000, (row) => row % 100, false],
    ['prices with gaps', 100, (row) => (row % 3 === 0 ? '' : row * 1.1), true],
    ['texts, all different', 60, (row) => `t${row}`, false],
  ]
  for (const [name, rows, cell, isQuantity] of cases) {
    const text = ['x,y', ...Array.from({ length: rows }, (_, row) => `${row},${cell(row)}`)]
    const table = readCsvTable(`${text.join('\n')}\n`)
    if (!isQuantity) {
      checkIsNoQuantity(table, 'y', 'say so', '--bins 4')
      continue
    }
    const { code, message, places } = refusalOf(() =>
      checkIsNoQuantity(table, 'y', 'say so', '--bins 4'),
    )
    t.equal(code, 'invalid_label', name)
    t.match(
      message,
      /^the target "y" holds \d+ different numbers in \d+ rows: .*regression.*; --bins 4 makes/,
    )
    t.strictSame(places, [{ column: 'y' }])
    t.equal(/if every number is a class, say so$/.test(message), !/than/.test(name), name)
  }
  checkIsNoQuantity(readCsvTable('x,y\n1,2\n'), 'absent', '', '')
  t.end()
})
