/** Random small models on decimal data, and the smallest change of a row by trying every interval of them. */
import { type Cell, numberColumn, textColumn } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import { engines } from '../../src/estimators/index.ts'
import { parseParams } from '../../src/estimators/params.ts'
import type { LinearSpec, ModelSpec, TreesSpec } from '../../src/models/model.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { frameOfCells, type InputColumn } from '../../src/preprocess/preprocessor.ts'
import type { Counterfactual, Explanation } from '../../src/shap/explanation.ts'
import { draftArtifact, fitRows } from '../../src/training/fit.ts'

export type SmallEstimator = 'decision_tree' | 'random_forest' | 'logistic_regression'

export interface SmallModel {
  readonly estimator: SmallEstimator
  readonly model: ModelSpec
  readonly predictor: Predictor
  /** The rows it was trained on. */
  readonly rows: readonly (readonly Cell[])[]
  /** Most columns that may change. */
  readonly most: number
}

const PARAMS: Record<SmallEstimator, Record<string, unknown>> = {
  decision_tree: { max_depth: 4 },
  random_forest: { n_estimators: 3, max_depth: 3 },
  logistic_regression: {},
}

/** A random column: decimals of one or two places, whole numbers, or categories; some have gaps. */
function makeColumn(random: ReturnType<typeof createRandom>, rows: number): Cell[] {
  const kind = random.below(5)
  const size = [1, 10, 100][random.below(3)] as number
  const places = 1 + random.below(2)
  const hasGaps = random.below(4) === 0
  return Array.from({ length: rows }, () => {
    if (hasGaps && random.below(5) === 0) return null
    if (kind === 4) return ['a', 'b', 'c'][random.below(3)] as string
    if (kind === 3) return random.below(12) - 3
    return Number(((random.uniform() - 0.3) * size).toFixed(places))
  })
}

function isText(cells: readonly Cell[]): boolean {
  return cells.some((cell) => typeof cell === 'string')
}

/** Returns the model number `seed`, or undefined where its columns are of no use. */
export async function makeModel(
  seed: number,
  estimator: SmallEstimator,
): Promise<SmallModel | undefined> {
  const random = createRandom(seed)
  const count = 12 + random.below(24)
  const columns = Array.from({ length: 1 + random.below(3) }, () => makeColumn(random, count))
  const kinds = estimator === 'logistic_regression' ? 2 : 2 + random.below(2)
  const y = Int32Array.from({ length: count }, (_, row) => {
    const sum = columns.reduce((total, cells) => {
      const cell = cells[row]
      return total + (typeof cell === 'number' ? Math.sin(cell * 3) : cell === 'b' ? 1 : 0)
    }, random.uniform())
    return Math.min(kinds - 1, Math.max(0, Math.floor(sum + 1)))
  })
  const isUseless = (cells: readonly Cell[]) => new Set(cells).size < 2
  if (new Set(y).size < kinds || columns.some(isUseless)) return undefined
  return await fitModel(columns, y, estimator, seed, 1 + random.below(3))
}

/**
 * Returns a model of the given columns and labels.
 * @param seed also chooses what is done about gaps, infrequent categories, and how a tree compares
 */
export async function fitModel(
  columns: readonly (readonly Cell[])[],
  y: Int32Array,
  estimator: SmallEstimator,
  seed: number,
  most: number,
): Promise<SmallModel> {
  const count = y.length
  const kinds = new Set(y).size
  const names = columns.map((_, j) => `c${j}`)
  const table = {
    frame: {
      names,
      columns: columns.map((cells) =>
        isText(cells)
          ? textColumn(cells as (string | null)[])
          : numberColumn(Float64Array.from(cells, (cell) => (cell as number | null) ?? Number.NaN)),
      ),
      length: count,
    },
    y,
    classes: Array.from({ length: kinds }, (_, k) => `k${k}`),
    numericClasses: false,
    booleans: [],
    split: { train: Int32Array.from(y.keys()), test: new Int32Array() },
  }
  const impute = estimator === 'logistic_regression' || seed % 2 === 0 ? 'mean' : 'none'
  const minFrequency = seed % 3 === 0 ? 6 : 1
  // Texts, and some whole numbers that stand for something.
  const isCategory = (name: string) => {
    const cells = columns[names.indexOf(name)] as Cell[]
    const isCode = seed % 7 === 0 && cells.every((cell) => Number.isInteger(cell))
    return isCode || isText(cells)
  }
  // A category may have another column made of it besides.
  const derived = names
    .filter((_, j) => seed % 4 === 1 && isText(columns[j] as Cell[]))
    .map((from) => ({ column: `${from}d`, from, pattern: '[ab]', group: 0, map: {} }))
  const plan = {
    target: 'y',
    id: [],
    numeric: names
      .filter((name) => !isCategory(name))
      .map((column) => ({ column, impute }) as const),
    ordinal: names
      .filter((name) => isCategory(name) && seed % 5 < 2)
      .map(
        (column) => ({ column, impute: seed % 5 === 0 ? 'most_frequent' : 'own_level' }) as const,
      ),
    nominal: [
      ...names.filter((name) => isCategory(name) && seed % 5 >= 2),
      ...derived.map(({ column }) => column),
    ].map((column) => ({ column, impute: 'own_level', minFrequency }) as const),
    derived,
    dropped: [],
    nullable: [],
  }
  const fit = await engines.native.estimators[estimator]!()
  const fitted = await fitRows(table, table.split.train, {
    plan,
    estimator: fit,
    params: parseParams(fit.params, new Map(Object.entries(PARAMS[estimator]))),
    seed,
    keep: [],
    progress: async () => {},
    warn() {},
  })
  const model = disguise(fitted.model, seed)
  const predictor = buildPredictor(draftArtifact(table, { ...fitted, model }, plan))
  const used = predictor.preprocessor.featureNamesIn.map((name) => columns[names.indexOf(name)])
  const rows = Array.from(y, (_, row) => used.map((cells) => cells?.[row] as Cell))
  return { estimator, model, predictor, rows, most }
}

/** Of three tree models one compares otherwise and one rounds what it compares, as models of other libraries do. */
function disguise(model: ModelSpec, seed: number): ModelSpec {
  if (model.kind !== 'trees' || seed % 3 === 0) return model
  return seed % 3 === 1 ? { ...model, comparison: '<' } : { ...model, precision: 'float32' }
}

export interface Query {
  readonly small: SmallModel
  readonly cells: readonly Cell[]
  readonly target: string
}

export function ask({ small: { predictor, most }, cells, target }: Query): Counterfactual {
  const frame = frameOfCells(predictor.preprocessor.spec.inputs, [cells])
  const { rows } = predictor.explain(frame, { counterfactual: target, maxChanges: most })
  return (rows[0] as Explanation).counterfactual as Counterfactual
}

/** The distance by its definition: numbers in standard deviations, anything else 1. */
export function distanceBetween(
  inputs: readonly InputColumn[],
  from: readonly Cell[],
  to: readonly Cell[],
): number {
  return inputs.reduce((sum, { range, categories }, j) => {
    const [a, b] = [from[j], to[j]]
    if (a === b) return sum
    if (typeof a !== 'number' || typeof b !== 'number' || categories || !range) return sum + 1
    const spread = range.deviation > 0 ? range.deviation : range.maximum - range.minimum || 1
    const change = Math.abs(b - a)
    const distance = Number.isFinite(change)
      ? change / spread
      : Math.abs(b / 2 - a / 2) / (spread / 2)
    return Math.min(sum + distance, Number.MAX_VALUE)
  }, 0)
}

/**
 * Returns the smallest distance of a row that is predicted as the target; infinite = there is none, NaN = that cannot
 * be said for sure.
 */
export function exhaust(query: Query): number {
  const { model } = query.small
  return model.kind === 'trees' ? exhaustTrees(query, model) : exhaustLine(query, model)
}

/** Neighbours of a double: the numbers that its bits count next to it. */
function around(value: number): number[] {
  const bits = new BigInt64Array(Float64Array.of(value).buffer)
  const near = (step: bigint) => new Float64Array(BigInt64Array.of(bits[0]! + step).buffer)[0]!
  if (value === 0) return [-Number.MIN_VALUE, 0, Number.MIN_VALUE]
  return [near(-1n), value, near(1n)]
}

/** Where a number that is rounded to 32 bits may change sides of a threshold: halfway to its neighbours. */
function halfway(threshold: number): number[] {
  const rounded = Math.fround(threshold)
  // Beyond the largest number of 32 bits lies infinity.
  if (!Number.isFinite(rounded)) return [Math.sign(threshold) * (2 - 2 ** -24) * 2 ** 127]
  const bits = new Int32Array(Float32Array.of(rounded).buffer)
  if (rounded === 0) return [-(2 ** -150), 2 ** -150]
  const near = (step: number) => new Float32Array(Int32Array.of(bits[0]! + step).buffer)[0]!
  return [near(-1), near(1)].map((other) => (rounded + other) / 2)
}

/** Tries the nearest value of every interval between the thresholds, for every column, in all combinations. */
function exhaustTrees({ small, cells, target }: Query, model: TreesSpec): number {
  const { predictor, most } = small
  const { inputs } = predictor.preprocessor.spec
  const sidesOf = (thresholds: readonly number[], value: number) => {
    const compared = model.precision === 'float32' ? Math.fround(value) : value
    return thresholds
      .map((cut) => (model.comparison === '<=' ? compared <= cut : compared < cut))
      .join()
  }
  let rows: Cell[][] = [[]]
  inputs.forEach(({ categories, range }, j) => {
    const own = cells[j] as Cell
    const nearest = new Map<string, number>()
    if (!categories && range) {
      const feature = predictor.preprocessor.inputOf.indexOf(j)
      const thresholds = [...model.threshold].filter((_, node) => model.feature[node] === feature)
      const points = thresholds
        .flatMap((cut) => [cut, ...(model.precision === 'float32' ? halfway(cut) : [])])
        .flatMap((cut) =>
          range.integer ? [-1, 0, 1].map((step) => Math.floor(cut) + step) : [cut],
        )
        .flatMap(around)
        .filter((point) => !range.integer || Number.isInteger(point))
      for (const point of [...points, range.minimum, range.maximum]) {
        if (!(point >= range.minimum && point <= range.maximum)) continue
        const sides = sidesOf(thresholds, point)
        const before = nearest.get(sides)
        if (
          before === undefined ||
          (typeof own === 'number' && Math.abs(point - own) < Math.abs(before - own))
        )
          nearest.set(sides, point)
      }
    }
    const choices: Cell[] = [own, ...(categories ?? nearest.values())]
    rows = rows.flatMap((row) => choices.map((cell) => [...row, cell]))
  })
  rows = rows.filter((row) => row.filter((cell, j) => cell !== cells[j]).length <= most)
  const { labels } = predictor.predict(frameOfCells(inputs, rows))
  return rows.reduce((least, row, i) => {
    if (predictor.classes[labels[i] as number] !== target) return least
    return Math.min(least, distanceBetween(inputs, cells, row))
  }, Number.POSITIVE_INFINITY)
}

/**
 * Tries every combination of categories and whole numbers; what then is missing of the score is made up by decimals
 * where a unit of distance gives most.
 */
function exhaustLine({ small, cells, target }: Query, model: LinearSpec): number {
  const { predictor, most } = small
  const { preprocessor, classes } = predictor
  const { inputs } = preprocessor.spec
  const sign = classes.indexOf(target) === 1 ? 1 : -1
  const leadsOf = (rows: readonly (readonly Cell[])[]) => {
    const { data, columns } = preprocessor.transform(frameOfCells(inputs, rows))
    return rows.map((_, row) =>
      model.coefficients.reduce(
        (sum, weight, j) => sum + sign * weight * data[row * columns + j]!,
        sign * model.intercepts[0]!,
      ),
    )
  }
  const isDecimal = inputs.map(({ categories, range }) => !categories && !isShort(range))
  let rows: Cell[][] = [[]]
  inputs.forEach(({ categories, range }, j) => {
    const whole =
      range && isShort(range)
        ? Array.from({ length: range.maximum - range.minimum + 1 }, (_, i) => range.minimum + i)
        : []
    const choices = new Set<Cell>([cells[j] as Cell, ...(categories ?? whole)])
    rows = rows.flatMap((row) => [...choices].map((cell) => [...row, cell]))
  })
  const leads = leadsOf(rows)
  let highest = Number.NEGATIVE_INFINITY
  /** What a decimal column can give at most, and what that costs. */
  const offers = inputs.flatMap(({ range }, j) => {
    if (!isDecimal[j] || !range) return []
    const ends = [range.minimum, range.maximum].map((cell) => cells.with(j, cell))
    return leadsOf(ends).map((lead, i) => ({
      column: j,
      gain: lead - (leadsOf([cells])[0] as number),
      cost: distanceBetween(inputs, cells, ends[i] as Cell[]),
      isFixed: cells[j] === null,
    }))
  })
  let least = Number.POSITIVE_INFINITY
  rows.forEach((row, i) => {
    const changes = row.filter((cell, j) => cell !== cells[j]).length
    const spent = distanceBetween(inputs, cells, row)
    for (let chosen = 0; chosen < 1 << offers.length; chosen++) {
      const taken = offers.filter((_, k) => chosen & (1 << k))
      const used = new Set(taken.map(({ column }) => column))
      if (used.size < taken.length || changes + used.size > most) continue
      const gains = taken.filter(({ gain, isFixed }) => isFixed || gain > 0)
      highest = Math.max(
        highest,
        gains.reduce((sum, { gain }) => sum + gain, leads[i] as number),
      )
      let missing = -(leads[i] as number)
      let distance = spent
      const rates = taken.sort((a, b) => b.gain / b.cost - a.gain / a.cost)
      // A gap that is filled costs the same whatever fills it.
      for (const { gain, cost } of rates.filter(({ isFixed }) => isFixed)) {
        missing -= gain
        distance += cost
      }
      for (const { gain, cost } of rates.filter(({ isFixed }) => !isFixed)) {
        if (missing <= 0 || gain <= 0) break
        distance += cost * Math.min(1, missing / gain)
        missing -= Math.min(gain, missing)
      }
      if (missing <= 1e-12) least = Math.min(least, distance)
    }
  })
  // Whether the class just leads somewhere or just not is a matter of rounding.
  return Math.abs(highest) < 1e-9 ? Number.NaN : least
}

/** Whether a column's whole numbers can be tried one by one. */
function isShort(range: InputColumn['range']): boolean {
  return range?.integer === true && range.maximum - range.minimum <= 1000
}

/** How far beyond the value that is needed an answer may be, per change, so that it has few digits. */
const READABLE = 1e-3

/** Returns what is wrong with an answer: nothing, a name for the kind of claim that is false, or what it is. */
export function judge(query: Query, found: Counterfactual): string[] {
  const { small, cells, target } = query
  const { predictor } = small
  const { inputs } = predictor.preprocessor.spec
  const least = exhaust(query)
  // Neighbouring doubles of a number that is large beside its column's spread are far apart.
  const rounding = inputs.map(({ range }, j) => {
    const cell = cells[j]
    if (typeof cell !== 'number' || !range || !(range.deviation > 0)) return 0
    const largest = Math.max(Math.abs(cell), Math.abs(range.minimum), Math.abs(range.maximum))
    return small.model.kind === 'linear' ? (Number.EPSILON * largest) / range.deviation : 0
  })
  const near = 1e-9 * (1 + Math.min(least, 1e299)) + Math.max(...rounding)
  if (!found.found) {
    if (Number.isFinite(least)) return [`none found, there is ${least}`]
    return found.optimal || Number.isNaN(least) ? [] : ['none found, not proven']
  }
  const changed = inputs.map(({ name }, j) => {
    const change = found.changes.find(({ column }) => column === name)
    return change ? change.to : (cells[j] as Cell)
  })
  const { labels } = predictor.predict(frameOfCells(inputs, [changed]))
  const [distance, bound] = [found.distance as number, found.bound as number]
  const steps = inputs.map(({ range }) =>
    range?.integer && !isShort(range) && small.model.kind === 'linear' ? 1 / range.deviation : 0,
  )
  const most = least + READABLE * found.changes.length + Math.max(...steps) + near
  const faults = {
    'of another class': predictor.classes[labels[0] as number] !== target,
    'not the distance it says': !(
      Math.abs(distanceBetween(inputs, cells, changed) - distance) <= near
    ),
    'too many changes': found.changes.length > small.most,
    'out of range': found.changes.some(({ column, to }) => {
      const { range, categories } = inputs.find(({ name }) => name === column) as InputColumn
      if (categories) return !categories.some((category) => category === to)
      if (typeof to !== 'number' || !range) return true
      return to < range.minimum || to > range.maximum || (range.integer && !Number.isInteger(to))
    }),
    'a smaller one than there is': distance < least - near,
    'not the smallest': found.optimal && distance > most,
    'a false bound': bound > least + near,
    // Distances beyond the largest double are all the same.
    'not proven': !found.optimal && least < Number.MAX_VALUE,
  }
  return Object.entries(faults)
    .filter(([, isFault]) => isFault)
    .map(([name]) => `${name}: ${distance}, bound ${bound}, there is ${least}`)
}
