/** What tables show of a metrics.json, whatever is in it. */
import t from 'tap'
import { readMeasures } from '../../src/artifact/stored-measures.ts'
import { loadCheckpoint } from '../helper.ts'

const model = {
  rows: 50,
  accuracy: 0.75,
  roc_auc: null,
  brier: 0.2,
  intervals: { accuracy: [0.7, 0.8] },
  per_class: [{ class: 'no', rows: 30, precision: 0.5, recall: 1, f1: 0.6, roc_auc: null }],
  classes_without_rows: ['maybe'],
}
const measured = {
  rows: 50,
  measures: [
    { name: 'accuracy', title: 'accuracy', value: 0.75, interval: [0.7, 0.8], majority: 0.6 },
    { name: 'brier', title: 'Brier', value: 0.2, interval: undefined, majority: undefined },
  ],
  perClass: [{ name: 'no', rows: 30, precision: 0.5, recall: 1, f1: 0.6, rocAuc: undefined }],
  absent: ['maybe'],
}
const majority = { accuracy: 0.6 }

t.test('of the rows that the curves are of', (t) => {
  const other = { model: { accuracy: 0.1 }, majority: { accuracy: 0.2 } }
  const cases: [string, object, object | undefined][] = [
    [
      'held out',
      { test: model, majority, curves: { part: 'held_out' } },
      { part: 'held_out', ...measured },
    ],
    [
      'held out, beside a channel',
      { test: model, majority, channels: { validation: other }, curves: { part: 'held_out' } },
      { part: 'held_out', ...measured },
    ],
    [
      'a channel',
      { test: null, channels: { validation: { model, majority } }, curves: { part: 'validation' } },
      { part: 'validation', ...measured },
    ],
    [
      'one of two channels',
      { channels: { validation: other, test: { model, majority } }, curves: { part: 'test' } },
      { part: 'test', ...measured },
    ],
    ['nothing', { test: null, majority: null }, undefined],
    ['a channel that is not there', { test: model, curves: { part: 'validation' } }, undefined],
  ]
  for (const [name, metrics, expected] of cases)
    t.strictSame(readMeasures({ metrics }), expected, name)
  t.end()
})

t.test('what is not in its form is left out', async (t) => {
  const cases: [string, unknown][] = [
    ['no object', 5],
    ['an evaluation that is a list', { test: [] }],
    ['an evaluation that is a text', { test: 'good' }],
    ['texts for numbers', { test: { accuracy: '1', rows: '<b>' } }],
    ['an interval that is a number', { test: { ...model, intervals: { accuracy: 5 } } }],
    ['an interval of texts', { test: { ...model, intervals: { accuracy: ['a', 'b'] } } }],
    ['an interval of three', { test: { ...model, intervals: { accuracy: [1, 2, 3] } } }],
    ['classes that are none', { test: { ...model, per_class: 5, classes_without_rows: {} } }],
    ['a class that is null', { test: { ...model, per_class: [null] } }],
    [
      'names that cannot be texts',
      { test: { ...model, per_class: [{ class: { toString: 1 } }], classes_without_rows: [{}] } },
    ],
    ['a part that is a prototype', { curves: { part: '__proto__' }, channels: {} }],
  ]
  for (const [name, metrics] of cases) {
    const found = readMeasures({ metrics })
    const { measures = [], perClass = [], absent = [] } = found ?? {}
    const numbers = measures.flatMap(({ value, interval = [0, 0] }) => [value, ...interval])
    t.ok(numbers.every(Number.isFinite), name)
    const texts = [...perClass.map((own) => own.name), ...absent]
    t.ok(
      texts.every((text) => typeof text === 'string'),
      name,
    )
  }
  const { artifact } = await loadCheckpoint()
  t.equal(readMeasures(artifact)?.measures.length, 9, 'what is in its form is all there')
})
