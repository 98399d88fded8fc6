/** Every plot: as it was drawn before, and with whatever it may be given: no text on another, no number that is none. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { drawModelPlot, drawPlot, plots } from '../../src/plots/index.ts'
import type { Explanations } from '../../src/shap/explanation.ts'
import { faultsOf } from './label-boxes.ts'
import { type Made, makeExplanations, makeModel } from './plotted.ts'

const ofRows = Object.keys(plots).filter((name) => plots[name]?.drawRows)
const ofModels = Object.keys(plots).filter((name) => plots[name]?.drawModel)

function draw(
  name: string,
  explanations: Explanations,
  given: Readonly<Record<string, string>> = {},
) {
  return drawPlot(explanations, new Map([['plot', name], ...Object.entries(given)]))
}

/** Rows for a plot: one where it shows one, with interactions where it shows those. */
function rowsFor(name: string, made: Made): Explanations {
  const { rows, interactions } = plots[name]!
  return makeExplanations({ ...made, rows: rows === 'one' ? 1 : made.rows, interactions })
}

const snapshots = join(import.meta.dirname, '../fixtures/plots')

/** A drawing with whole pixels, an element a line. */
function rounded(svg: string): string {
  return svg
    .replace(/(?<![#\w])-?\d+\.\d+(?=[\s,"a-zA-Z-])(?![^<]*<\/(text|title|desc)>)/g, (number) =>
      String(Math.round(Number(number)) + 0),
    )
    .replaceAll('><', '>\n<')
}

t.test('drawings are as before; UPDATE_PLOTS=1 writes them, to be looked at', async (t) => {
  const model = makeModel()
  for (const name of Object.keys(plots)) {
    const fromModel = ofModels.includes(name)
    const svg = fromModel
      ? drawModelPlot(name, model, new Map())!
      : draw(name, rowsFor(name, { rows: 12, columns: 7 }), { max_bars: '5' })
    const file = join(snapshots, `${name}.svg`)
    if (process.env.UPDATE_PLOTS) await writeFile(file, rounded(svg))
    t.equal(rounded(svg), await readFile(file, 'utf8'), name)
  }
})

const long = (what: string, number: number) =>
  `${number} ${what} with a name of ${'W'.repeat(40)} m`.padEnd(60, 'x')

const hostile: Readonly<Record<string, Made>> = {
  'a usual table': { rows: 200, columns: 20 },
  '2,000 columns': { rows: 20, columns: 2000 },
  'one column': { rows: 30, columns: 1 },
  'one row': { rows: 1, columns: 8 },
  'nothing contributes': { rows: 10, columns: 6, value: () => 0 },
  'all alike': { rows: 10, columns: 6, value: () => 0.1, cell: () => 7 },
  'nothing is known': { rows: 10, columns: 6, value: () => Number.NaN, cell: () => Number.NaN },
  'numbers that are none': {
    rows: 40,
    columns: 6,
    value: (row, column) => [Number.NaN, Number.POSITIVE_INFINITY, 0.1, -0.2][(row + column) % 4]!,
    cell: (row, column) => [Number.NaN, Number.NEGATIVE_INFINITY, null, 3][(row * column) % 4]!,
  },
  'numbers of all sizes': {
    rows: 40,
    columns: 9,
    value: (row, column) => (row % 2 ? -1 : 1) * 10 ** (column * 20 - 80),
    cell: (row, column) => row * 10 ** (column * 30 - 120),
  },
  'very large numbers': {
    rows: 9,
    columns: 3,
    value: (row) => (row % 2 ? -1 : 1) * 4e307,
    cell: (row) => row * 1e307,
  },
  'long names': { rows: 60, columns: 20, name: long },
  'odd names': {
    rows: 20,
    columns: 12,
    name: (what, number) => `<${what}>"&' \u0000\ud800 漢字ﷺ😀é ${number}`,
  },
  'empty names': { rows: 20, columns: 4, name: (_, number) => ' '.repeat(number) },
  'log-odds': {
    rows: 50,
    columns: 20,
    space: 'log_odds',
    value: (row, column) => Math.sin(row * column) * 8,
  },
}

for (const [what, made] of Object.entries(hostile)) {
  t.test(what, (t) => {
    for (const name of ofRows) {
      // Nobody is answered pairs of more columns than this.
      const columns = plots[name]?.interactions ? Math.min(made.columns, 64) : made.columns
      const explanations = rowsFor(name, { ...made, columns })
      for (const theme of ['auto', 'dark'])
        t.strictSame(faultsOf(draw(name, explanations, { theme })), [], name)
    }
    t.end()
  })
}

t.test('models of two and of many classes, with short and with long names', (t) => {
  for (const classes of [2, 3, 10, 40])
    for (const name of [undefined, long])
      for (const plot of ofModels) {
        const model = makeModel(classes, name)
        const output = new Map(plot === 'threshold' ? [['output', model.classes[1]!]] : [])
        t.strictSame(
          faultsOf(drawModelPlot(plot, model, output)!),
          [],
          `${plot}, ${classes} classes`,
        )
      }
  t.end()
})

t.test('ten classes at once', (t) => {
  const explanations = makeExplanations({ rows: 20, columns: 20, outputs: 10, name: long })
  t.strictSame(faultsOf(draw('bar', explanations)), [])
  for (const name of ofRows.filter((other) => other !== 'bar')) {
    const own = rowsFor(name, { rows: 20, columns: 4, outputs: 10 })
    t.throws(() => draw(name, own), {
      code: 'invalid_option',
      message: /one output; choose one class/,
    })
  }
  t.end()
})

t.test('whatever the numbers, options and names are', (t) => {
  const shapes = fc.record({
    rows: fc.integer({ min: 1, max: 30 }),
    columns: fc.integer({ min: 1, max: 24 }),
    scale: fc.double({ min: -12, max: 12, noNaN: true }),
    names: fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), {
      minLength: 30,
      maxLength: 30,
    }),
    numbers: fc.array(fc.double({ noDefaultInfinity: true, min: -1, max: 1 }), {
      minLength: 40,
      maxLength: 40,
    }),
    plot: fc.constantFrom(...ofRows),
    max_bars: fc.integer({ min: 2, max: 20 }),
    order: fc.constantFrom('output', 'similarity', 'given'),
  })
  fc.assert(
    fc.property(shapes, ({ rows, columns, scale, names, numbers, plot, max_bars, order }) => {
      const explanations = rowsFor(plot, {
        rows,
        columns,
        name: (_, number) => names[number % names.length]!,
        value: (row, column) => numbers[(row * 7 + column) % numbers.length]! * 10 ** scale,
        cell: (row, column) =>
          (row + column) % 2 ? numbers[(row + column * 3) % numbers.length]! : names[row % 30]!,
      })
      const faults = faultsOf(draw(plot, explanations, { max_bars: String(max_bars), order }))
      if (faults.length > 0) throw new Error(`${plot}: ${faults.join('; ')}`)
    }),
    { numRuns: 150, endOnFailure: true },
  )
  t.end()
})

t.test('what a model has not been measured on is not drawn', (t) => {
  const model = makeModel()
  const broken: [string, PropertyKey[], unknown, RegExp][] = [
    ['no curves', ['curves'], undefined, /measured on no rows/],
    [
      'a curve of texts',
      ['curves', 'classes', 0, 'roc', 'true_positive_rate', 2],
      'x',
      /finite number/,
    ],
    ['two lengths', ['curves', 'classes', 0, 'precision_recall', 'recall'], [1], /two lengths/],
    ['a matrix of other classes', ['test', 'confusion'], [[1]], /not of the model's classes/],
  ]
  for (const [name, path, value, message] of broken) {
    const metrics = structuredClone(model.metrics) as Record<PropertyKey, unknown>
    const last = path.at(-1)!
    const at = path
      .slice(0, -1)
      .reduce<Record<PropertyKey, unknown>>(
        (part, key) => part[key] as Record<PropertyKey, unknown>,
        metrics,
      )
    at[last] = value
    const draws = ['roc', 'precision_recall', 'calibration', 'confusion', 'threshold'].map(
      (plot) => () => drawModelPlot(plot, { ...model, metrics }, new Map()),
    )
    for (const plot of draws) t.throws(plot, { code: 'not_found', message }, name)
  }
  t.throws(() => drawModelPlot('tree', model, new Map([['tree', '2']])), /the model has 1/)
  t.throws(
    () => drawModelPlot('roc', model, new Map([['output', 'clas 1']])),
    /did you mean "class 1"/,
  )
  t.equal(drawModelPlot('bar', { ...model, summary: undefined }, new Map()), undefined, 'rows do')
  t.end()
})
