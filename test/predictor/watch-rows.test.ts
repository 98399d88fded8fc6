/** Drift of live rows: no alarm without a cause, and the column that has moved is named, no other. */
import t from 'tap'
import { type DataFrame, numberColumn, sliceRows, textColumn } from '../../src/data/frame.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import {
  defaultThresholds,
  findViolations,
  type Violation,
} from '../../src/evaluation/drift/violations.ts'
import {
  type Reference,
  referenceOfBackground,
  referenceOfRows,
  referenceOfTraining,
} from '../../src/predictor/drift-reference.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { watchRows } from '../../src/predictor/watch-rows.ts'
import { fit, reload } from '../training/fit-table.ts'

const NUMBERS = ['normal', 'twin', 'skewed', 'count', 'mostly_zero', 'uniform', 'gappy']
const plan = {
  target: 'y',
  numeric: NUMBERS,
  nominal: ['kind', 'city'],
  nullable: ['gappy'],
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
}

/** Rows of one distribution: correlated, skewed, counted, mostly zero, with gaps, few and very many categories. */
function rowsOf(rows: number, seed: number): DataFrame {
  const random = createRandom(seed, 77)
  const cells: Record<string, number[]> = Object.fromEntries(NUMBERS.map((name) => [name, []]))
  const texts: Record<string, string[]> = { kind: [], city: [], y: [] }
  for (let row = 0; row < rows; row++) {
    const first = normal(random)
    const skewed = Math.exp(normal(random))
    cells.normal?.push(first)
    cells.twin?.push(0.9 * first + 0.44 * normal(random))
    cells.skewed?.push(skewed)
    cells.count?.push(Math.floor(-2 * Math.log(1 - random.uniform())))
    cells.mostly_zero?.push(random.uniform() < 0.9 ? 0 : 5000 * random.uniform())
    cells.uniform?.push(random.uniform())
    cells.gappy?.push(random.uniform() < 0.3 ? Number.NaN : 10 + normal(random))
    texts.kind?.push('abcd'[Math.floor(4 * random.uniform() ** 2)] as string)
    texts.city?.push(`city ${Math.floor(800 * random.uniform() ** 3)}`)
    texts.y?.push(first + Math.log(skewed) + normal(random) > 0 ? 'yes' : 'no')
  }
  return {
    names: [...NUMBERS, 'kind', 'city', 'y'],
    columns: [
      ...NUMBERS.map((name) => numberColumn(Float64Array.from(cells[name] as number[]))),
      ...['kind', 'city', 'y'].map((name) => textColumn(texts[name] as string[])),
    ],
    length: rows,
  }
}

/** The inputs of the model, which live rows have. */
function inputsOf(predictor: Predictor, { names, columns, length }: DataFrame): DataFrame {
  const own = predictor.preprocessor.featureNamesIn
  return { names: own, columns: own.map((name) => columns[names.indexOf(name)]!), length }
}

const sizes = { seed: 0, rows: 10_000, explained: 200 }

function violationsOf(
  predictor: Predictor,
  reference: Reference,
  live: DataFrame,
): readonly Violation[] {
  const watch = watchRows(predictor, reference, sizes)
  watch.add(inputsOf(predictor, live))
  const unreadable = { rows: 0, of: live.length, column: undefined }
  const drift = { ...watch.finish(new Set()), unreadable, target: 'y' }
  return findViolations(drift, defaultThresholds).violations
}

function namesOf(violations: readonly Violation[]): string[] {
  return [...new Set(violations.map((own) => ('label' in own ? 'attribution' : own.feature_name)))]
}

function shifted(frame: DataFrame, name: string, deviation: number): DataFrame {
  const columns = frame.columns.map((column, j) =>
    column.kind === 'number' && frame.names[j] === name
      ? numberColumn(column.values.map((value) => value + 0.5 * deviation))
      : column,
  )
  return { ...frame, columns }
}

const params = { n_estimators: 20, max_depth: 12 }
const training = rowsOf(2000, 1)
const report = await fit(training, plan, { estimator: 'random_forest', engine: 'native', params })
const artifact = reload(report.artifact)
const predictor = buildPredictor(artifact)
const reference = referenceOfTraining(artifact) as Reference

t.test('what is stored comes back', (t) => {
  t.same(artifact.profile, report.artifact.profile)
  t.equal(artifact.profile?.rows, 1600)
  t.equal(artifact.profile?.predictions?.part, 'held_out')
  for (const { counts, missing, column } of artifact.profile?.columns ?? [])
    t.equal(
      counts.reduce((sum, count) => sum + count, missing),
      1600,
      column,
    )
  t.end()
})

t.test('on 100 draws from the same distribution there are at most five alarms in all', (t) => {
  for (const rows of [80, 1000]) {
    const alarms = Array.from({ length: 100 }, (_, seed) =>
      violationsOf(predictor, reference, rowsOf(rows, 1000 + seed)),
    ).flat()
    t.ok(alarms.length <= 5, `${alarms.length} of ${rows} rows: ${JSON.stringify(alarms)}`)
  }
  t.end()
})

t.test('a column that moves by half a deviation is named, and no other', (t) => {
  for (const name of NUMBERS) {
    const own = artifact.profile?.columns.find(({ column }) => column === name)
    const deviation = own?.numbers?.deviation as number
    for (const seed of [1, 2, 3]) {
      const live = shifted(rowsOf(1000, 2000 + seed), name, deviation)
      const found = violationsOf(predictor, reference, live)
      const columns = namesOf(found).filter((other) => other !== 'y' && other !== 'attribution')
      t.strictSame(columns, [name], JSON.stringify(found))
    }
  }
  t.end()
})

t.test('every kind of change is told by its check', (t) => {
  const edited = (name: string, edit: (value: number, row: number) => number): DataFrame => {
    const frame = rowsOf(1000, 3000)
    const columns = frame.columns.map((column, j) =>
      column.kind === 'number' && frame.names[j] === name
        ? numberColumn(column.values.map(edit))
        : column,
    )
    return { ...frame, columns }
  }
  const renamed = (): DataFrame => {
    const frame = rowsOf(1000, 3000)
    const columns = frame.columns.map((column, j) =>
      column.kind === 'text' && frame.names[j] === 'kind'
        ? { ...column, levels: column.levels.map((level) => (level === 'b' ? 'new' : level)) }
        : column,
    )
    return { ...frame, columns }
  }
  for (const [what, live, name, types] of [
    [
      'gaps where there were fewer',
      edited('gappy', (value, row) => (row % 2 === 0 ? Number.NaN : value)),
      'gappy',
      ['completeness_check'],
    ],
    [
      'no gap where there were some',
      edited('gappy', (value) => (Number.isNaN(value) ? 10 : value)),
      'gappy',
      ['baseline_drift_check', 'completeness_check'],
    ],
    [
      'numbers out of range',
      edited('uniform', (value, row) => (row % 10 === 0 ? 7 : value)),
      'uniform',
      ['range_check'],
    ],
    [
      'an unknown category',
      renamed(),
      'kind',
      ['baseline_drift_check', 'categorical_values_check'],
    ],
    [
      'another unit',
      edited('skewed', (value) => 1000 * value),
      'skewed',
      ['baseline_drift_check', 'range_check'],
    ],
  ] as const) {
    const found = violationsOf(predictor, reference, live)
    const own = found.filter((one) => 'feature_name' in one && one.feature_name === name)
    t.strictSame(
      own.map((one) => one.constraint_check_type),
      types,
      what,
    )
    const others = namesOf(found).filter((other) => ![name, 'y', 'attribution'].includes(other))
    t.strictSame(others, [], `${what}: nothing else`)
  }
  t.end()
})

t.test('predictions and their reasons move with what they come from', (t) => {
  // All rows are alike in what the model looks at most; what it hardly looked at is what is left.
  const frame = rowsOf(1000, 4000)
  const columns = frame.columns.map((column, j) =>
    column.kind === 'number' && ['normal', 'twin', 'skewed'].includes(frame.names[j] as string)
      ? numberColumn(column.values.map(() => (frame.names[j] === 'skewed' ? 8 : 1.5)))
      : column,
  )
  const found = violationsOf(predictor, reference, { ...frame, columns })
  const ofTarget = found.filter((one) => 'feature_name' in one && one.feature_name === 'y')
  t.equal(ofTarget.length, 2, 'scores and classes')
  t.match(ofTarget[0]?.description, /^Baseline drift distance: [\d.]+ exceeds threshold: 0\.1 /)
  const mixed = referenceOfRows(predictor, inputsOf(predictor, training), sizes)
  const upside = {
    ...reference,
    attribution: {
      outputNames: ['yes'],
      // As if the model had been trained to look at what it hardly looks at.
      mean: mixed.attribution?.mean.map((own) => own.map((size) => 1 / (1e-6 + size))) ?? [],
    },
  }
  const attribution = violationsOf(predictor, upside, rowsOf(1000, 4000)).filter(
    (one) => 'label' in one,
  )
  t.match(attribution, [
    {
      label: 'yes',
      metric_name: 'shap',
      constraint_check_type: 'feature_attribution_drift_check',
      description: /^Feature attribution drift 0\.\d+ exceeds threshold 0\.9$/,
    },
  ])
  t.end()
})

t.test('a table stands for training rows that were not kept', (t) => {
  const baseline = referenceOfRows(predictor, inputsOf(predictor, rowsOf(3000, 5)), sizes)
  t.strictSame(violationsOf(predictor, baseline, rowsOf(1000, 6)), [])
  const live = shifted(rowsOf(1000, 7), 'uniform', 0.29)
  t.strictSame(namesOf(violationsOf(predictor, baseline, live)), ['uniform'])
  t.end()
})

t.test('rows that are stored as features tell what they can', async (t) => {
  const rare = { ...plan, nominal: ['kind', { column: 'city', min_frequency: 10 }] }
  const background = rowsOf(100, 10)
  const { artifact } = await fit(rowsOf(500, 9), rare, { estimator: 'decision_tree', background })
  const predictor = buildPredictor(artifact)
  const few = referenceOfBackground(predictor, { ...sizes, explained: 5 })
  t.ok(few.unsure?.includes('city'), 'rare categories are one level')
  t.notOk(few.unsure?.includes('kind'), String(few.unsure))
  t.ok(few.attribution?.mean.flat().every(Number.isFinite))
  const none = referenceOfBackground(predictor, { ...sizes, explained: 0 })
  t.equal(none.attribution, undefined, 'none are explained')
})

t.test('blocks of rows are what the rows are at once, and a seed chooses the same of them', (t) => {
  const live = inputsOf(predictor, rowsOf(1000, 8))
  const few = { seed: 3, rows: 100, explained: 20 }
  const [once, again] = [watchRows(predictor, reference, few), watchRows(predictor, reference, few)]
  once.add(live)
  for (let from = 0; from < live.length; from += 37) again.add(sliceRows(live, from, from + 37))
  const [a, b] = [once.finish(new Set()), again.finish(new Set())]
  t.equal(a.predicted, 100)
  t.equal(a.explained, 20)
  t.same(
    a.columns.map(({ psi, p }) => [psi, p]),
    b.columns.map(({ psi, p }) => [psi, p]),
  )
  t.same([a.predictions, a.attributions], [b.predictions, b.attributions])
  t.end()
})

t.test(
  'columns that were not to be seen are not compared, and nothing is predicted without them',
  (t) => {
    const watch = watchRows(predictor, reference, sizes)
    watch.add(inputsOf(predictor, rowsOf(200, 9)))
    const found = watch.finish(new Set(['city', 'normal']))
    t.notOk(found.columns.some(({ column }) => column === 'city' || column === 'normal'))
    t.equal(found.predicted, 0)
    t.equal(found.predictions, undefined)
    t.strictSame(found.attributions, [])
    t.end()
  },
)
