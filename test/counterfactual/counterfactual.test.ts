/** Counterfactuals against exhaustive search on small models. */
import t, { type Test } from 'tap'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { listChangeableColumns } from '../../src/counterfactual/changeable-columns.ts'
import {
  type CounterfactualModel,
  findCounterfactual,
  readFrozen,
} from '../../src/counterfactual/counterfactual.ts'
import { readableNumber } from '../../src/counterfactual/readable-number.ts'
import { type Cell, type DataFrame, numberColumn, textColumn } from '../../src/data/frame.ts'
import { rowOf } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { kindOf } from '../../src/models/index.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { frameOfCells, type InputColumn } from '../../src/preprocess/preprocessor.ts'
import type { Counterfactual, Explanation } from '../../src/shap/explanation.ts'
import type { EstimatorName } from '../../src/training/choose-estimator.ts'
import { train } from '../../src/training/train.ts'
import { writeProbabilities } from '../models/ask-model.ts'

/** Two numbers, one of whole numbers, a category, a text with a derived column. */
function makeTable(seed: number, classes: number): DataFrame {
  const random = createRandom(seed)
  const rows = Array.from({ length: 90 }, () => {
    const size = random.uniform() * 10
    const age = random.below(12)
    const weight = 5 + random.uniform()
    const colour = ['red', 'green', 'blue'][random.below(3)] as string
    const title = ['Mr', 'Mrs'][random.below(2)] as string
    const score =
      size / 3 + age / 4 + (colour === 'red' ? 2 : 0) + weight + (title === 'Mr' ? 1 : 0)
    const label = Math.min(
      classes - 1,
      Math.max(0, Math.floor((score - 7) / 1.5 + random.uniform())),
    )
    return { size, age, weight, colour, name: `${title}. Nobody ${random.below(1000)}`, label }
  })
  return {
    names: ['size', 'age', 'weight', 'colour', 'name', 'label'],
    columns: [
      numberColumn(Float64Array.from(rows, ({ size }) => size)),
      numberColumn(Float64Array.from(rows, ({ age }) => age)),
      numberColumn(Float64Array.from(rows, ({ weight }, i) => (i % 9 === 0 ? Number.NaN : weight))),
      textColumn(rows.map(({ colour }) => colour)),
      textColumn(rows.map(({ name }) => name)),
      textColumn(rows.map(({ label }) => `c${label}`)),
    ],
    length: rows.length,
  }
}

interface Trained {
  readonly artifact: Artifact
  readonly predictor: Predictor
}

async function trainOn(table: DataFrame, estimator: EstimatorName): Promise<Trained> {
  const plan = {
    target: 'label',
    id: [],
    numeric: ['size', 'age', 'weight'].map((column) => ({ column, impute: 'median' as const })),
    ordinal: [],
    nominal: ['colour', 'title'].map((column) => ({
      column,
      impute: 'own_level' as const,
      minFrequency: 1,
    })),
    derived: [{ column: 'title', from: 'name', pattern: '^\\w+', group: 0, map: {} }],
    dropped: [],
    nullable: [],
  }
  const params = new Map<string, unknown>(
    estimator === 'random_forest'
      ? [
          ['n_estimators', 5],
          ['max_depth', 4],
        ]
      : [],
  )
  const { artifact } = await train(table, plan, {
    estimator,
    engine: 'mljs',
    params,
    testSize: 0,
    seed: 3,
    dropMissingLabel: false,
    dataSha256: '',
    sha256,
    progress: async () => {},
    warn: () => {},
  })
  return { artifact, predictor: buildPredictor(artifact) }
}

function cellsAt(table: DataFrame, row: number, inputs: readonly InputColumn[]): Cell[] {
  return inputs.map(({ name }) => {
    const column = table.columns[table.names.indexOf(name)]
    if (column?.kind === 'number') {
      const value = column.values[row] as number
      return Number.isNaN(value) ? null : value
    }
    return column?.levels[column.codes[row] as number] as string
  })
}

function labelOf(predictor: Predictor, cells: readonly Cell[]): string {
  const { labels } = predictor.predict(frameOfCells(predictor.preprocessor.spec.inputs, [cells]))
  return predictor.classes[labels[0] as number] as string
}

function ask(predictor: Predictor, cells: readonly Cell[], target: string, options = {}) {
  const frame = frameOfCells(predictor.preprocessor.spec.inputs, [cells])
  const { rows } = predictor.explain(frame, { counterfactual: target, ...options })
  return (rows[0] as Explanation).counterfactual as Counterfactual
}

/** The distance by its definition: numbers in standard deviations, anything else 1. */
function distanceOf(inputs: readonly InputColumn[], from: readonly Cell[], to: readonly Cell[]) {
  return inputs.reduce((sum, { range, categories }, j) => {
    const [a, b] = [from[j], to[j]]
    if (a === b) return sum
    if (typeof a !== 'number' || typeof b !== 'number' || categories || !range) return sum + 1
    return sum + Math.abs(b - a) / range.deviation
  }, 0)
}

/**
 * The smallest distance over every combination of at most three columns: per column all values in `choices`.
 */
function exhaust(
  predictor: Predictor,
  from: readonly Cell[],
  target: string,
  choices: readonly (readonly Cell[])[],
  most = 3,
): number {
  const { inputs } = predictor.preprocessor.spec
  let rows: Cell[][] = [[]]
  choices.forEach((values, j) => {
    const own = from[j] as Cell
    rows = rows.flatMap((row) => [own, ...values].map((value) => [...row, value]))
  })
  rows = rows.filter((row) => row.filter((cell, j) => cell !== from[j]).length <= most)
  const { labels } = predictor.predict(frameOfCells(inputs, rows))
  return rows.reduce((least, row, i) => {
    if (predictor.classes[labels[i] as number] !== target) return least
    return Math.min(least, distanceOf(inputs, from, row))
  }, Number.POSITIVE_INFINITY)
}

/** Values just beyond every threshold of a tree model, on both sides, for every input column. */
function thresholdChoices(
  { artifact, predictor }: Trained,
  frozen: readonly string[] = [],
): Cell[][] {
  const { model } = artifact
  const { inputs } = predictor.preprocessor.spec
  return inputs.map(({ name, type, categories, range }, column) => {
    if (frozen.includes(name)) return []
    if (categories) return [...categories]
    if (type === 'text' || model.kind !== 'trees' || !range) return []
    const feature = predictor.preprocessor.inputOf.indexOf(column)
    const cuts = [...new Set(model.threshold.filter((_, node) => model.feature[node] === feature))]
    return cuts.flatMap((cut) => {
      const around = range.integer
        ? [Math.floor(cut) - 1, Math.floor(cut), Math.floor(cut) + 1]
        : [cut - 1e-7, cut + 1e-7]
      return around.filter((value) => value >= range.minimum && value <= range.maximum)
    })
  })
}

/** A found counterfactual is what it says: few changes, the distance, and a row that is predicted so. */
function check(t: Test, { predictor }: Trained, cells: readonly Cell[], found: Counterfactual) {
  const { inputs } = predictor.preprocessor.spec
  const changed = inputs.map(({ name }, j) => {
    const change = found.changes.find(({ column }) => column === name)
    if (change && change.from !== cells[j]) t.fail(`${name} was not ${change.from}`)
    return change ? change.to : (cells[j] as Cell)
  })
  if (labelOf(predictor, changed) !== found.targetClass) t.fail('the changed row has another label')
  if (Math.abs(distanceOf(inputs, cells, changed) - (found.distance as number)) > 1e-9)
    t.fail('another distance than it says')
  for (const { column, to } of found.changes) {
    const range = inputs.find(({ name }) => name === column)?.range
    if (range?.integer && !Number.isInteger(to)) t.fail(`${column} became ${to}`)
  }
}

t.test('numbers that a person can read lie strictly between', (t) => {
  for (const [from, to, reach, expected] of [
    [0.9, 2, 0.01, 0.901],
    [0.9, 0.1, 0.01, 0.899],
    [0.99995, 2, 0.0001, 1],
    [0.95, 5, 0.2, 1],
    [-0.5, 0.5, 10, 0],
    [0.5, -0.5, 10, 0],
    [12.3, 45, 1000, 20],
    [1e17, 2e17, 1e14, 100010000000000000],
    [-1.7e308, 1.7e308, 1e307, -1.69e308],
    [1, 1 + 2 ** -52, 1, 1],
    [1, 1 + 2 ** -51, 1, 1],
    [0, 1e-320, 1, 0],
  ] as const)
    t.equal(readableNumber(from, to, reach), expected, `${from} to ${to}, within ${reach}`)
  t.end()
})

for (const [estimator, classes] of [
  ['decision_tree', 2],
  ['random_forest', 2],
  ['random_forest', 3],
] as const) {
  t.test(`${estimator} of ${classes} classes: the smallest change there is`, async (t) => {
    const table = makeTable(classes, classes)
    const trained = await trainOn(table, estimator)
    const { predictor } = trained
    const { inputs } = predictor.preprocessor.spec
    const choices = thresholdChoices(trained)
    let compared = 0
    for (let row = 0; row < 24; row++) {
      const cells = cellsAt(table, row, inputs)
      for (const target of predictor.classes) {
        const found = ask(predictor, cells, target)
        if (labelOf(predictor, cells) === target) {
          t.strictSame([found.found, found.changes, found.distance], [true, [], 0], 'nothing to do')
          continue
        }
        t.equal(found.optimal, true, 'the search was complete')
        const expected = exhaust(predictor, cells, target, choices)
        if (!found.found) {
          t.equal(expected, Number.POSITIVE_INFINITY, 'none is none')
          continue
        }
        check(t, trained, cells, found)
        const excess = (found.distance as number) - expected
        // A candidate lies up to 0.001 spreads beyond its threshold.
        if (!(excess > -1e-6 && excess < 4e-3))
          t.fail(`${found.distance}, there is ${expected} ${JSON.stringify([cells, found])}`)
        compared++
      }
    }
    t.ok(compared > 10, `${compared} compared`)
  })
}

t.test('logistic regression: no worse than a grid, and what is solved for is exact', async (t) => {
  const table = makeTable(2, 2)
  const trained = await trainOn(table, 'logistic_regression')
  const { predictor } = trained
  const { inputs } = predictor.preprocessor.spec
  const grid = inputs.map(({ name, categories, range }): Cell[] => {
    if (categories) return [...categories]
    if (!range || name === 'name') return []
    const steps = range.integer ? range.maximum - range.minimum : 24
    return Array.from(
      { length: steps + 1 },
      (_, i) => range.minimum + ((range.maximum - range.minimum) * i) / steps,
    )
  })
  let compared = 0
  for (let row = 0; row < 12; row++) {
    const cells = cellsAt(table, row, inputs)
    const [target] = predictor.classes.filter((name) => name !== labelOf(predictor, cells))
    const found = ask(predictor, cells, target as string)
    const expected = exhaust(predictor, cells, target as string, grid)
    t.equal(found.optimal, true)
    if (!found.found) {
      t.equal(expected, Number.POSITIVE_INFINITY)
      continue
    }
    check(t, trained, cells, found)
    t.ok((found.distance as number) <= expected + 4e-3, `${found.distance}, a grid has ${expected}`)
    compared++
  }
  t.ok(compared > 5)
})

t.test('logistic regression of several classes says what it has ruled out', async (t) => {
  const table = makeTable(3, 3)
  const trained = await trainOn(table, 'logistic_regression')
  const { predictor } = trained
  const { inputs } = predictor.preprocessor.spec
  for (let row = 0; row < 12; row++) {
    const cells = cellsAt(table, row, inputs)
    for (const target of predictor.classes) {
      if (labelOf(predictor, cells) === target) continue
      const found = ask(predictor, cells, target)
      t.equal(found.optimal, false)
      if (!found.found) continue
      check(t, trained, cells, found)
      t.ok((found.bound as number) <= (found.distance as number) + 1e-9)
    }
  }
})

t.test('columns stay as they are, and there are no more changes than were allowed', async (t) => {
  const table = makeTable(2, 2)
  const trained = await trainOn(table, 'random_forest')
  const { predictor } = trained
  const { inputs } = predictor.preprocessor.spec
  for (const [freeze, most] of [
    [['size'], 3],
    [['size', 'colour'], 2],
    [['age'], 1],
  ] as const) {
    const choices = thresholdChoices(trained, freeze)
    for (let row = 0; row < 10; row++) {
      const cells = cellsAt(table, row, inputs)
      const [target] = predictor.classes.filter((name) => name !== labelOf(predictor, cells))
      const found = ask(predictor, cells, target as string, {
        freeze: [freeze.join(',')],
        maxChanges: most,
      })
      const expected = exhaust(predictor, cells, target as string, choices, most)
      t.equal(found.found, Number.isFinite(expected))
      if (!found.found) continue
      check(t, trained, cells, found)
      t.ok(found.changes.length <= most)
      t.notOk(found.changes.some(({ column }) => freeze.some((name) => name === column)))
      t.ok(Math.abs((found.distance as number) - expected) < 4e-3)
    }
  }
})

t.test('a search that runs out of budget says so, and its bound holds', async (t) => {
  const table = makeTable(2, 2)
  const { artifact, predictor } = await trainOn(table, 'random_forest')
  const { preprocessor, classes } = predictor
  const { inputs } = preprocessor.spec
  const shape = { features: preprocessor.featureNamesOut.length, classes: classes.length }
  const kind = kindOf(artifact.model)
  const predictRow = (x: Float64Array) => {
    const out = new Float64Array(classes.length)
    writeProbabilities(artifact.model, x, out)
    return out.indexOf(Math.max(...out))
  }
  const bounds = kind.buildBounds(artifact.model, shape)
  const model: CounterfactualModel = {
    classes,
    preprocessor,
    bounds,
    columns: listChangeableColumns(preprocessor, bounds),
    predictRow,
    predict: predictor.predict,
  }
  let cut = 0
  for (let row = 0; row < 12; row++) {
    const cells = cellsAt(table, row, inputs)
    const frame = frameOfCells(inputs, [cells])
    const x = rowOf(preprocessor.transform(frame), 0)
    const label = predictRow(x) === 0 ? 1 : 0
    const whole = findCounterfactual(model, frame, x, { label, maxChanges: 3, frozen: new Set() })
    for (const seconds of [0, 1e-6, 1e-5, 1e-4]) {
      const found = findCounterfactual(model, frame, x, {
        label,
        maxChanges: 3,
        frozen: new Set(),
        seconds,
      })
      if (found.optimal) continue
      cut++
      t.equal(typeof found.bound, 'number')
      t.ok(
        (found.bound as number) <= (whole.distance ?? Number.POSITIVE_INFINITY) + 1e-9,
        'a bound',
      )
      if (found.found) t.ok((found.distance as number) >= (whole.distance as number) - 1e-9)
    }
  }
  t.ok(cut > 10, `${cut} searches were cut short`)
})

t.test('names that are frozen are looked up, however many there are', (t) => {
  let looks = 0
  const names = new Proxy(
    Array.from({ length: 500 }, (_, i) => `column ${i}`),
    {
      get(list, key, self) {
        looks++
        return Reflect.get(list, key, self)
      },
    },
  )
  t.strictSame(
    [...readFrozen([[...names].join(), 'column 0', 'column 3|column 3'], names)],
    [...names],
  )
  t.ok(looks < 10 * names.length, `${looks} looks`)
  t.end()
})
