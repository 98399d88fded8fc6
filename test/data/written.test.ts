/** Numbers and dates as people write them: tables of cases, and what is written is read back. */
import fc from 'fast-check'
import t from 'tap'
import { type DateOrder, dateOfText, dateParts, momentOf } from '../../src/data/date-text.ts'
import { type NumberFormat, numberOfText } from '../../src/data/number-text.ts'
import { cellOfWritten, textOfCell } from '../../src/data/written.ts'

t.test('numbers', (t) => {
  const us: NumberFormat = { decimal: '.', group: ',' }
  const de: NumberFormat = { decimal: ',', group: '.' }
  const cases: [NumberFormat, string, number | undefined][] = [
    [us, '1,234.5', 1234.5],
    [us, '1234', 1234],
    [us, '1,234,567', 1234567],
    [us, '12,34', undefined],
    [us, '1,2345', undefined],
    [us, '0,123', undefined],
    [us, '1.234,5', undefined],
    [us, '-1,234', -1234],
    [us, '(1,234.50)', -1234.5],
    [us, '(-1)', undefined],
    [us, '(1', undefined],
    [us, '1)', undefined],
    [us, '--1', undefined],
    [us, '+.5', 0.5],
    [us, '1e3', 1000],
    [us, '007', undefined],
    [us, '9007199254740993', undefined],
    [us, '1e999', undefined],
    [us, '$1', undefined],
    [us, '', undefined],
    [us, '1 234', undefined],
    [us, 'NaN', undefined],
    [us, '0x10', undefined],
    [us, '١٢', undefined],
    [{ ...us, affix: '$' }, '-$1,234.5', -1234.5],
    [{ ...us, affix: '$' }, '$-1', -1],
    [{ ...us, affix: '$' }, '-$-1', undefined],
    [{ ...us, affix: '$' }, '1,234 $', 1234],
    [{ ...us, affix: '$' }, '$1 kg', undefined],
    [{ ...us, affix: '$' }, '1', 1],
    [{ ...us, affix: 'US$' }, 'US$ 5', 5],
    [{ ...us, affix: 'USD' }, 'USD 5', 5],
    [{ ...us, affix: '%' }, '12.5 %', 12.5],
    [{ ...us, affix: 'm²' }, '12.5 m²', 12.5],
    [{ ...us, affix: 'km/h' }, '80km/h', 80],
    [de, '1.234,5', 1234.5],
    [de, '1.234', 1234],
    [de, '12.34', undefined],
    [de, ',5', 0.5],
    [de, '1.5e3', undefined],
    [{ decimal: ',', group: ' ' }, '1\u202f234\u00a0567,5', 1234567.5],
    [{ decimal: '.', group: "'" }, '1’234.5', 1234.5],
    [{ decimal: '.' }, '\u22121.5', -1.5],
    [{ decimal: '.' }, `${'1'.repeat(70)}`, undefined],
  ]
  for (const [format, text, value] of cases)
    t.equal(numberOfText(format, text), value, `${text} as ${JSON.stringify(format)}`)
  t.end()
})

t.test('a number that is written in a format is read in it', (t) => {
  const format = fc.constantFrom<NumberFormat>(
    { decimal: '.', group: ',' },
    { decimal: ',', group: '.' },
    { decimal: ',', group: ' ', affix: '€' },
    { decimal: '.', group: "'", affix: 'CHF' },
    { decimal: ',', affix: 'kg' },
  )
  const property = fc.property(
    format,
    fc.integer({ min: -1e9, max: 1e9 }),
    fc.integer({ min: 0, max: 99 }),
    fc.boolean(),
    (format, whole, cents, isBracketed) => {
      const digits = String(Math.abs(whole)).replace(/\B(?=(\d{3})+$)/g, format.group ?? '')
      const number = `${digits}${format.decimal}${String(cents).padStart(2, '0')}`
      const text = format.affix ? `${number} ${format.affix}` : number
      const signed = whole >= 0 ? text : isBracketed ? `(${text})` : `-${text}`
      const value = Number(
        `${whole < 0 ? '-' : ''}${Math.abs(whole)}.${String(cents).padStart(2, '0')}`,
      )
      return numberOfText(format, signed) === value
    },
  )
  fc.assert(property, { numRuns: 300 })
  t.end()
})

t.test('dates', (t) => {
  const cases: [DateOrder, string, string | undefined][] = [
    ['YMD', '2021-03-04', '2021-03-04'],
    ['YMD', '2021/3/4', '2021-03-04'],
    ['YMD', '2021-03/04', undefined],
    ['YMD', '2021-02-29', undefined],
    ['YMD', '2024-02-29', '2024-02-29'],
    ['YMD', '2021-13-01', undefined],
    ['YMD', '2021-00-01', undefined],
    ['YMD', '2021-03-04T05:06', '2021-03-04 05:06:00'],
    ['YMD', '2021-03-04T05:06:07.500Z', '2021-03-04 05:06:07.5'],
    ['YMD', '2021-03-04 01:00+02:00', '2021-03-03 23:00:00'],
    ['YMD', '2021-03-04 00:00', '2021-03-04'],
    ['YMD', '2021-03-04 24:00', undefined],
    ['YMD', '2021-03-04 12:60', undefined],
    ['YMD', '03/04/2021', undefined],
    ['YMD', '4.3.2021', '2021-03-04'],
    ['YMD', '4 March 2021', '2021-03-04'],
    ['YMD', 'Mar 4th, 2021', '2021-03-04'],
    ['YMD', '04-Mar-21', '2021-03-04'],
    ['YMD', '4 Mai 2021', undefined],
    ['DMY', '03/04/2021', '2021-04-03'],
    ['MDY', '03/04/2021', '2021-03-04'],
    ['DMY', '31/12/99', '1999-12-31'],
    ['DMY', '31/12/68', '2068-12-31'],
    ['DMY', '12/31/99', undefined],
    ['MDY', '12/31/99 12:05 AM', '1999-12-31 00:05:00'],
    ['MDY', '12/31/99 12:05 p.m.', '1999-12-31 12:05:00'],
    ['MDY', '12/31/99 13:05 PM', undefined],
    ['MDY', '12/31/99, 3:05:09 PM', '1999-12-31 15:05:09'],
    ['YYYYMMDD', '20210304', '2021-03-04'],
    ['YYYYMMDD', '20210332', undefined],
    ['epoch_s', '0', '1970-01-01'],
    ['epoch_s', '1614834367.5', '2021-03-04 05:06:07.5'],
    ['epoch_ms', '1614834367500', '2021-03-04 05:06:07.5'],
    ['epoch_s', '2021-03-04', '2021-03-04'],
    ['epoch_s', '1e300', undefined],
    ['YMD', '', undefined],
    ['YMD', `2021-03-04 ${' '.repeat(60)}`, undefined],
  ]
  for (const [order, text, moment] of cases) {
    t.equal(dateOfText(order, text), moment, `${text} as ${order}`)
    if (moment !== undefined) t.type(momentOf(moment), 'number', moment)
  }
  t.end()
})

t.test('parts of a date', (t) => {
  const ms = momentOf('2024-02-29 18:45:00') as number
  const parts = Object.entries(dateParts).map(([name, part]) => [name, part(ms)])
  const found = Object.fromEntries(parts) as Record<string, number>
  t.match(found, { days: 19782.78125, year: 2024, month: 2, day_of_week: 4, hour: 18 })
  t.equal(found.month_sin?.toFixed(12), Math.sin(Math.PI / 6).toFixed(12))
  t.equal(found.day_of_week_cos?.toFixed(12), Math.cos((6 * Math.PI) / 7).toFixed(12))
  t.equal(found.hour_sin?.toFixed(12), '-1.000000000000')
  t.equal(dateParts.day_of_week(momentOf('1969-07-20') as number), 7)
  t.equal(momentOf('never seen'), undefined)
  t.end()
})

t.test('every moment is read as itself', (t) => {
  const span = { min: new Date('0100-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') }
  const property = fc.property(fc.date({ ...span, noInvalidDate: true }), (date) => {
    const text = dateOfText('epoch_ms', String(date.getTime()))
    return (
      text !== undefined && momentOf(text) === date.getTime() && dateOfText('DMY', text) === text
    )
  })
  fc.assert(property, { numRuns: 300 })
  t.end()
})

t.test('rules of a column', (t) => {
  const rules = { missing: ['-', '-999'], number: { decimal: ',' as const } }
  t.equal(cellOfWritten(rules, 'number', '-'), null)
  t.equal(cellOfWritten(rules, 'number', '-999,0'), null)
  t.equal(cellOfWritten(rules, 'number', '1,5'), 1.5)
  t.equal(cellOfWritten(rules, 'number', '?'), undefined)
  t.equal(cellOfWritten({ missing: ['-'] }, 'number', '1.5'), 1.5)
  t.equal(cellOfWritten({ missing: ['-'] }, 'number', '1,5'), undefined)
  t.equal(cellOfWritten({ missing: ['-'] }, 'text', '-'), null)
  for (const value of [1.5, -1234.25, 1e-7, 1e21])
    t.equal(cellOfWritten(rules, 'number', textOfCell(rules, value) as string), value)
  t.equal(textOfCell(undefined, 1.5), '1.5')
  t.equal(textOfCell(rules, null), null)
  t.equal(cellOfWritten({ missing: ['-'] }, 'text', 'x'), 'x')
  t.equal(cellOfWritten({ date: 'DMY' }, 'text', '3/4/2021'), '2021-04-03')
  t.end()
})
