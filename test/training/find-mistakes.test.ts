/** Which rows of those that a model is measured on are stored as its mistakes, and what of them. */
import t from 'tap'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { findWrongRows } from '../../src/training/find-mistakes.ts'
import { smallCsv, smallPlan, trainSmall } from '../model-directory/model-files.ts'
import { bytesOf, fit, reload } from './fit-table.ts'

t.test('the most certain come first, and of two alike the one that stands first', (t) => {
  const predictions = {
    classes: ['a', 'b'],
    numericClasses: false,
    rows: 5,
    labels: Int32Array.of(0, 1, 1, 0, 1),
    probabilities: Float64Array.of(0.6, 0.4, 0.1, 0.9, 0.2, 0.8, 0.9, 0.1, 0.1, 0.9),
  }
  const { wrong, rows } = findWrongRows(predictions, Int32Array.of(1, 0, 1, 1, 0))
  t.equal(wrong, 4)
  t.strictSame([...rows], [1, 3, 4, 0])
  t.strictSame(findWrongRows(predictions, predictions.labels).wrong, 0)
  t.end()
})

t.test('rows are held out, wrong, and say nothing that training has not', async (t) => {
  const { mistakes, classes, preprocessor, metrics } = await trainSmall('decision_tree')
  const test = metrics['test'] as { rows: number; confusion: number[][] }
  const right = test.confusion.reduce((sum, row, k) => sum + (row[k] ?? 0), 0)
  t.match(mistakes, { part: 'held_out', rows: test.rows, wrong: test.rows - right })
  const examples = mistakes?.examples ?? []
  t.ok(examples.length > 0)
  const { inputs } = preprocessor
  const title = inputs.findIndex(({ name }) => name === 'title')
  const usual = String(inputs[title]?.example).slice('Item Mr'.length)
  for (const { cells, label } of examples) {
    t.ok(classes.includes(label))
    t.equal(cells.length, inputs.length)
    t.ok(String(cells[title]).endsWith(usual), `${cells[title]} is made of the example`)
  }
})

t.test('texts that training has not seen stay out of the model', async (t) => {
  const csv = smallCsv(['a', 'b', 'c'])
  // Wrong for certain, if only because nobody could know.
  const lines = ['9,90,secret,high,Item Mr. 1,a', '9,90,red,high,Item Mr. 1,a']
  const header = csv.split('\n')[0]
  const validation = readCsvTable(`${header}\n${lines.join('\n')}\n`)
  const { artifact, predictor } = await fit(readCsvTable(csv), smallPlan, {
    testSize: 0,
    channels: new Map([['validation', validation]]),
  })
  const { mistakes } = artifact
  t.match(mistakes, { part: 'validation', rows: 2, wrong: 2 })
  t.equal(mistakes?.examples.length, 1, 'one can be told')
  t.notMatch(JSON.stringify(mistakes), 'secret')
  const [first] = mistakes?.examples ?? []
  const { labels } = predictor.predict(
    frameOfCells(artifact.preprocessor.inputs, [[...(first?.cells ?? [])]]),
  )
  t.not(artifact.classes[labels[0]!], first?.label)
  t.strictSame(reload(artifact).mistakes, mistakes, 'it is read as it was written')
})

t.test('of texts only those are told that say what the model reads', async (t) => {
  const lines = Array.from(
    { length: 40 },
    (_, i) => `${i},2024-0${1 + (i % 9)}-11,secret ${i},${(i * 7) % 3 === 0 ? 'a' : 'b'}`,
  )
  const table = readCsvTable(`n,day,note,y\n${lines.join('\n')}\n`)
  const dates = [{ kind: 'date', column: 'month', from: 'day', part: 'month' }]
  const plan = { target: 'y', numeric: ['n', 'month'], derived: dates }
  const { artifact } = await fit(table, plan, { testSize: 0.5, positional: true })
  const { inputs } = artifact.preprocessor
  t.strictSame(
    inputs.map(({ name }) => name),
    ['n', 'day', 'note'],
  )
  const examples = artifact.mistakes?.examples ?? []
  t.ok(examples.length > 1)
  const own = inputs[2]?.example
  for (const { cells } of examples) {
    t.match(cells[1], /^2024-0\d-11/)
    t.equal(cells[2], own, 'a column that is not looked at has its example')
  }
})

t.test('no row to measure on, no mistakes; the same bytes for the same seed', async (t) => {
  const table = readCsvTable(smallCsv(['a', 'b']))
  const { artifact } = await fit(table, smallPlan, { testSize: 0 })
  t.equal(artifact.mistakes, undefined)
  t.ok((await fit(table, smallPlan)).artifact.mistakes)
  t.equal((await fit(table, smallPlan, { mistakes: false })).artifact.mistakes, undefined, 'asked')
  const again = async () => bytesOf(await fit(table, smallPlan))
  t.strictSame(await again(), await again())
})
