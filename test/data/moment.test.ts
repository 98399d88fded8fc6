/** Texts of points in time: one text for a moment, whatever writes it. */
import fc from 'fast-check'
import t from 'tap'
import { momentText, writeMoment, writeTimeOfDay } from '../../src/data/moment.ts'

const same: readonly [text: string, ...spellings: string[]][] = [
  [
    '2024-02-29 12:30:00',
    '2024-02-29T12:30:00.000Z',
    '2024-02-29T12:30:00',
    '2024-02-29t12:30:00z',
    '2024-02-29 12:30',
    '2024-02-29 12:30:00+00:00',
    '2024-02-29 12:30:00.000000',
    '2024-02-29 12:30:00,0',
    '2024-02-29 14:30:00+02:00',
    '2024-02-29T14:30:00+0200',
    '2024-02-29T14:30+02',
    '2024-02-29 11:00:00-01:30',
    '2024-02-29 12:30:00 Z',
  ],
  ['2024-02-29 12:30:00.5', '2024-02-29T12:30:00.500Z', '2024-02-29 12:30:00.500000'],
  ['2024-02-29 12:30:00.123456789', '2024-02-29T12:30:00.123456789Z'],
  ['2024-02-29', '2024-02-29 00:00:00', '2024-02-29T00:00:00.000Z'],
  ['2024-03-01', '2024-02-29T23:30:00-00:30'],
  ['0000-12-31 23:00:00', '0001-01-01T00:00:00+01:00'],
  ['12:30:00.5', '12:30:00.500', '12:30:00.500000'],
  ['12:30:00', '12:30:00.000'],
]

t.test('one text for a moment', async (t) => {
  for (const [text, ...spellings] of same) {
    t.equal(momentText(text), text)
    for (const spelling of spellings) t.equal(momentText(spelling), text, spelling)
  }
})

t.test('what is no moment stays as it is', async (t) => {
  for (const text of [
    '2023-02-29 12:30:00',
    '2024-13-01T00:00',
    '2024-02-29 24:00:00',
    '2024-02-29 12:60:00',
    '2024-02-29T12:30:00+24:00',
    '2024-02-29T12:30:00+02:60',
    '2024-02-29 12',
    '2024-02-29 12:30:00 h',
    '2024-2-29 12:30:00',
    'at 2024-02-29 12:30:00',
    '24-02-29 12:30:00',
    '2024-02-29',
    '12:30',
    '',
    'north-west side of town',
  ])
    t.equal(momentText(text), text)
})

t.test('a written moment is in its form, and beyond all calendars is none', async (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -62_167_219_200_000_000n, max: 253_402_300_799_999_999n }),
      (value) => momentText(writeMoment(value, 6)) === writeMoment(value, 6),
    ),
  )
  t.equal(writeMoment(-1n, 9), '1969-12-31 23:59:59.999999999')
  t.throws(() => writeMoment(2n ** 62n, 3), RangeError)
  t.equal(writeTimeOfDay(45_000_500_000n, 6), '12:30:00.5')
  t.throws(() => writeTimeOfDay(86_400n, 0), RangeError)
})
