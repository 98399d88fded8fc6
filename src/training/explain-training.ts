/** What a trained model looks at: global importance in three ways, and the summary of its explanations. */
import { type DataFrame, sliceRows, takeRows } from '../data/frame.ts'
import { stratifiedSample } from '../data/split.ts'
import type { Params } from '../estimators/params.ts'
import { kindOf } from '../models/index.ts'
import type { ModelSpec } from '../models/model.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { planSummary, startSummary, summaryLabels } from '../predictor/summarize-rows.ts'
import { BLOCK_ROWS } from '../trees/layout.generated.ts'
import type { Fitted } from './fit.ts'
import type { LabelledRows } from './measure.ts'
import type { Measuring } from './measuring-threads.ts'
import { type Pace, SHARES } from './pace.ts'
import {
  type PermutationImportance,
  planPermutation,
  shuffleCost,
} from './permutation-importance.ts'
import { measureImportance } from './shap-importance.ts'

/** Rows over which global importance is measured: fewer where explaining them would take too long. */
const MOST_ROWS = 500
const LEAST_ROWS = 2 * BLOCK_ROWS
const MOST_NANOSECONDS = 2e9
/** Estimated nanoseconds of a SHAP value on its way into importance and summary. */
const SUMMARY_NANOSECONDS = 300
/** Estimated nanoseconds that may pass before other work runs. */
const TURN_NANOSECONDS = 5e7

/**
 * Returns SHAP importance and impurity importance, and the summary of SHAP values, over a sample of the training rows.
 * @param frame the table whose rows were fitted
 */
export async function explainTraining(
  predictor: Predictor,
  frame: DataFrame,
  { model, X, y, rows }: Fitted,
  params: Params,
  seed: number,
  pace: Pace,
  measuring: Measuring,
) {
  const labels = summaryLabels(predictor)
  const columns = predictor.preprocessor.featureNamesIn.length
  // What explains is built first, which takes long for many trees.
  await pace.turn('rows explained', 0, Math.min(MOST_ROWS, rows.length))
  const cost = labels.length * (predictor.explainer.cost + columns * SUMMARY_NANOSECONDS)
  const criterion =
    params.criterion === undefined || params.criterion === 'gini' ? 'gini' : 'entropy'
  const impurity = kindOf(model).impurityImportance?.(model, X.columns, criterion)
  const sampleOf = (count: number): DataFrame =>
    takeRows(
      frame,
      stratifiedSample(y, predictor.classes.length, count, seed).map((i) => rows[i]!),
    )
  const explain = async (count: number, isCut: () => boolean) => {
    const sampled = sampleOf(count)
    const phi = await explainInBlocks(predictor, sampled, cost, { ...pace, isCut }, measuring)
    return phi && { sampled, phi }
  }
  const most = explainedRows(cost, pace.nanoseconds * SHARES.explain)
  const { sampled, phi } =
    (await explain(most, pace.isCut)) ?? (await explain(LEAST_ROWS, () => false))!
  const summary = startSummary(predictor, planSummary(predictor, sampled))
  summary.add(sampled, phi)
  return {
    ...measureImportance(predictor, sampled, phi, impurity),
    summary: summary.finish(),
    criterion: impurity && criterion,
  }
}

/** Returns the SHAP values of all rows, or undefined where the training was asked to end meanwhile. */
async function explainInBlocks(
  predictor: Predictor,
  sampled: DataFrame,
  cost: number,
  { turn, isCut }: Pick<Pace, 'turn' | 'isCut'>,
  measuring: Measuring,
): Promise<Float64Array | undefined> {
  const labels = summaryLabels(predictor)
  const { featureNamesIn, transform } = predictor.preprocessor
  const width = labels.length * featureNamesIn.length
  const phi = new Float64Array(sampled.length * width)
  const step = Math.max(1, Math.floor(TURN_NANOSECONDS / cost / BLOCK_ROWS)) * BLOCK_ROWS
  const isWhole = await measuring.run({
    tasks: Math.ceil(sampled.length / step),
    nanoseconds: sampled.length * cost,
    taskOf: (block) => {
      const rows = sliceRows(sampled, block * step, (block + 1) * step)
      return { kind: 'explain', X: transform(rows) }
    },
    take: (block, values) => phi.set(values as Float64Array, block * step * width),
    turn: (done) => turn('rows explained', Math.min(done * step, sampled.length), sampled.length),
    isCut,
  })
  return isWhole ? phi : undefined
}

/**
 * Returns how many rows are explained in so many nanoseconds, as the model's estimated cost of a row has it: 500, and
 * fewer of large models.
 */
export function explainedRows(cost: number, nanoseconds: number): number {
  const affordable = Math.min(MOST_NANOSECONDS, nanoseconds) / cost
  if (affordable >= MOST_ROWS) return MOST_ROWS
  return Math.max(LEAST_ROWS, Math.floor(affordable / BLOCK_ROWS) * BLOCK_ROWS)
}

/**
 * Returns permutation importance over a sample of labelled rows; undefined where the training was asked to end
 * meanwhile.
 * @param ranked names of the input columns, those that push most first: of a large model only they are shuffled
 */
export async function permuteSample(
  predictor: Predictor,
  { model }: Pick<Fitted, 'model'>,
  { frame, y, rows }: LabelledRows,
  ranked: readonly string[],
  seed: number,
  pace: Pace,
  measuring: Measuring,
): Promise<PermutationImportance | undefined> {
  const { preprocessor, classes } = predictor
  const kind = kindOf(model)
  const rowCost = kind.predictCost(model)
  const { looked, others } = partColumns(predictor, model, ranked)
  const shape = { columns: ranked.length, used: looked.length, classes: classes.length }
  const plan = planPermutation(shape, rowCost, pace.nanoseconds * SHARES.permutation)
  const sample = stratifiedSample(y, classes.length, plan.rows, seed)
  const labels = sample.map((row) => y[row]!)
  const taken = rows ? sample.map((i) => rows[i]!) : sample
  if (pace.isCut()) return undefined
  const X = preprocessor.transform(takeRows(frame, taken))
  const options = { seed, repeats: plan.repeats }
  const chosen = looked.slice(0, plan.columns)
  const perColumn = plan.repeats * shuffleCost(plan.rows, classes.length, rowCost)
  const step = Math.max(1, Math.floor(TURN_NANOSECONDS / perColumn))
  // One task at least, which tells the metric.
  const most = Math.max(1, chosen.length)
  const parts: PermutationImportance[] = []
  const isWhole = await measuring.run({
    tasks: Math.ceil(most / step),
    nanoseconds: chosen.length * perColumn,
    taskOf: (task) => {
      const columns = chosen.slice(task * step, (task + 1) * step)
      return { kind: 'shuffle', X, y: labels, columns, options }
    },
    take: (task, answer) => {
      parts[task] = answer as PermutationImportance
    },
    turn: (done) => pace.turn('columns shuffled', Math.min(done * step, most), most),
    isCut: pace.isCut,
  })
  if (pace.isCut() || !isWhole) return undefined
  const unused = others.map((column) => ({ column, mean: 0, sd: 0 }))
  return { ...parts[0]!, columns: [...parts.flatMap(({ columns }) => columns), ...unused] }
}

/** Parts the input columns into the numbers of those that a model looks at, in their order, and the names of the others. */
function partColumns(
  { preprocessor }: Predictor,
  model: ModelSpec,
  ranked: readonly string[],
): { readonly looked: number[]; readonly others: string[] } {
  const { featureNamesIn, featureNamesOut, inputOf } = preprocessor
  const used = kindOf(model).usedFeatures(model, featureNamesOut.length)
  const isLooked = new Uint8Array(featureNamesIn.length)
  inputOf.forEach((input, feature) => {
    if (used[feature] === 1) isLooked[input] = 1
  })
  const numberOf = new Map(featureNamesIn.map((name, number) => [name, number]))
  const numbers = ranked.map((name) => numberOf.get(name)!)
  return {
    looked: numbers.filter((number) => isLooked[number] === 1),
    others: numbers
      .filter((number) => isLooked[number] === 0)
      .map((number) => featureNamesIn[number]!),
  }
}
