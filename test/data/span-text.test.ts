/** Times of day, durations and parts of years: what is read, and what is not. */
import fc from 'fast-check'
import t from 'tap'
import { describeSpan, numberOfSpan, type Span, spans } from '../../src/data/span-text.ts'

const cases: readonly [Span, string, number | undefined][] = [
  ['time_of_day', '00:00', 0],
  ['time_of_day', '14:30', 14.5],
  ['time_of_day', '7:45', 7.75],
  ['time_of_day', '23:59:59.5', 23 + 59 / 60 + 59.5 / 3600],
  ['time_of_day', '12:00 AM', 0],
  ['time_of_day', '12:15 pm', 12.25],
  ['time_of_day', '1:30p.m.', 13.5],
  ['time_of_day', '13:00 PM', undefined],
  ['time_of_day', '0:30 AM', undefined],
  ['time_of_day', '24:00', undefined],
  ['time_of_day', '12:60', undefined],
  ['time_of_day', '12:5', undefined],
  ['time_of_day', '14.5', undefined],
  ['duration', '26:30', 26.5],
  ['duration', '100:00:36', 100.01],
  ['duration', '-1:30', -1.5],
  ['duration', '3 days 21:00:00', 93],
  ['duration', '1 day, 1:00', 25],
  ['duration', '1:60', undefined],
  ['duration', '1h 30m', 1.5],
  ['duration', '1 hr 15 min', 1.25],
  ['duration', '2 hours, 6 minutes', 2.1],
  ['duration', '90m', 1.5],
  ['duration', '36,5 s', 36.5 / 3600],
  ['duration', 'PT1H30M', 1.5],
  ['duration', 'P2DT12H', 60],
  ['duration', '-PT36S', -0.01],
  ['duration', 'P', undefined],
  ['duration', 'PT', undefined],
  ['duration', '', undefined],
  ['duration', '-', undefined],
  ['duration', '90', undefined],
  ['duration', '5 kg', undefined],
  ['quarter', '2020Q1', 2020],
  ['quarter', '2020-Q3', 2020.5],
  ['quarter', 'Q4 2019', 2019.75],
  ['quarter', '2q/2021', 2021.25],
  ['quarter', '2020Q5', undefined],
  ['quarter', 'Q1', undefined],
  ['quarter', '2020+Q1', undefined],
  ['week', '2020-W01', 2020],
  ['week', '2020W53', 2020 + 52 / 53],
  ['week', 'W2/2021', 2021 + 1 / 53],
  ['week', '2020-W54', undefined],
  ['week', '2020-W00', undefined],
  ['season', '2012/13', 2012],
  ['season', '1999-00', 1999],
  ['season', '2012/2013', 2012],
  ['season', '2012/14', undefined],
  ['season', '2012/2011', undefined],
]

t.test('texts', (t) => {
  for (const [span, text, expected] of cases) {
    const found = numberOfSpan(span, text)
    if (expected === undefined) t.equal(found, undefined, `${span} ${text}`)
    else
      t.ok(found !== undefined && Math.abs(found - expected) < 1e-12, `${span} ${text}: ${found}`)
  }
  for (const span of spans)
    t.type(numberOfSpan(span, describeSpan(span).example), 'number', 'its example is one')
  t.end()
})

t.test('later is more, and any text is a number or none', (t) => {
  const clock = (minutes: number) =>
    `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
  fc.assert(
    fc.property(fc.nat(1439), fc.nat(1439), (a, b) => {
      const [one, other] = [a, b].map((minutes) => numberOfSpan('time_of_day', clock(minutes))!)
      return Math.sign(one! - other!) === Math.sign(a - b)
    }),
  )
  const weeks = [2019, 2020, 2021].flatMap((year) =>
    Array.from({ length: 53 }, (_, i) => `${year}-W${String(i + 1).padStart(2, '0')}`),
  )
  const numbers = weeks.map((text) => numberOfSpan('week', text)!)
  t.ok(numbers.every((number, i) => i === 0 || number > numbers[i - 1]!))
  fc.assert(
    fc.property(fc.constantFrom(...spans), fc.string(), (span, text) => {
      const found = numberOfSpan(span, text)
      return found === undefined || Number.isFinite(found)
    }),
  )
  t.equal(numberOfSpan('duration', '1'.repeat(100_000)), undefined)
  t.end()
})
