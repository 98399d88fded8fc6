/** Live rows of a model, block by block, and how far they are from what they are compared with. */
import type { Artifact } from '../artifact/artifact.ts'
import { type Cell, cellAt, type DataFrame } from '../data/frame.ts'
import { createReservoir } from '../data/reservoir.ts'
import {
  type Attributions,
  driftOfAttribution,
  meanAttribution,
} from '../evaluation/drift/attribution.ts'
import { compareColumns, comparePredictions } from '../evaluation/drift/compare.ts'
import type { RowProfile, TrainingProfile } from '../evaluation/drift/profile.ts'
import type { Drift, OutputAttribution } from '../evaluation/drift/violations.ts'
import { restoreCells } from '../preprocess/feature-meaning.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Predictor } from './predictor.ts'
import {
  countPredictions,
  planProfile,
  plansOfProfile,
  profilePredictions,
  startProfile,
} from './profile-rows.ts'
import { explainColumns, explainFeatures, summaryLabels } from './summarize-rows.ts'

/** What live rows are compared with. */
export interface Reference {
  readonly kind: 'training' | 'baseline' | 'background'
  readonly profile: TrainingProfile
  /** Mean |SHAP value|, output by output and column by column; absent where nothing was explained. */
  readonly attribution:
    | { readonly outputNames: readonly string[]; readonly mean: readonly (readonly number[])[] }
    | undefined
  /** Columns whose values are not known well enough to be compared. */
  readonly unsure?: readonly string[]
}

/** Returns what is stored of a model's training; undefined without a profile. */
export function referenceOfTraining({ profile, importance }: Artifact): Reference | undefined {
  if (!profile) return undefined
  const { rows, outputNames, meanAbsolute } = importance
  const { columns, data } = meanAbsolute
  const mean = outputNames.map((_, k) => Array.from(data.subarray(k * columns, (k + 1) * columns)))
  return {
    kind: 'training',
    profile,
    attribution: rows > 0 ? { outputNames, mean } : undefined,
  }
}

/** Cells that are kept of sampled rows at most. */
const SAMPLE_CELLS = 4e6
/** Estimated nanoseconds that the explanations take at most, and how many SHAP values there are. */
const EXPLAIN_NANOSECONDS = 2e10
const SHAP_VALUES = 1e7

/** How many rows of those that come are looked at one by one. */
export interface SampleSizes {
  readonly seed: number
  /** Rows whose predictions are compared. */
  readonly rows: number
  /** Rows whose explanations are; fewer of models that take long. */
  readonly explained: number
}

/** Returns a sampler of the rows of frames. */
export function sampleRows({ preprocessor }: Predictor, { rows, seed }: SampleSizes) {
  const { inputs } = preprocessor.spec
  const most = Math.max(1, Math.min(rows, Math.floor(SAMPLE_CELLS / Math.max(1, inputs.length))))
  const reservoir = createReservoir<Cell[]>(most, seed)
  return {
    add({ columns, length }: DataFrame) {
      for (let row = 0; row < length; row++)
        reservoir.offer(() => columns.map((column) => cellAt(column, row)))
    },
    /** Those of the sampled rows that the model answers. */
    drawn: (): DataFrame => frameOfCells(inputs, reservoir.drawn().filter(answerable(inputs))),
  }
}

/** A model refuses rows with a gap where training had none, and with an unknown category where it knows all. */
function answerable(inputs: Predictor['preprocessor']['spec']['inputs']) {
  const known = inputs.map(({ closed, categories }) =>
    closed ? new Set<Cell>(categories) : undefined,
  )
  return (cells: readonly Cell[]) =>
    inputs.every(({ nullable }, j) => {
      const cell = cells[j] as Cell
      return cell === null ? nullable : (known[j]?.has(cell) ?? true)
    })
}

/** Returns the SHAP values of as many rows as there is time for; undefined for a model that cannot be explained. */
function attributionsOf(
  predictor: Predictor,
  sample: DataFrame,
  { explained }: SampleSizes,
): Attributions | undefined {
  if (sample.length === 0 || predictor.offers[0]?.refusal !== undefined) return undefined
  const { explainer } = predictor
  const labels = summaryLabels(predictor)
  const columns = sample.columns.length
  const affordable = Math.min(
    EXPLAIN_NANOSECONDS / (explainer.cost * labels.length),
    SHAP_VALUES / (columns * labels.length),
  )
  const rows = Math.min(sample.length, explained, Math.max(1, Math.floor(affordable)))
  const frame = headOf(sample, rows)
  const absolute = explainColumns(predictor, explainer, frame, labels).map(Math.abs)
  return { rows, outputs: labels.length, columns, absolute }
}

function headOf(frame: DataFrame, rows: number): DataFrame {
  if (rows === frame.length) return frame
  const columns = frame.columns.map((column) =>
    column.kind === 'number'
      ? { ...column, values: column.values.subarray(0, rows) }
      : { ...column, codes: column.codes.subarray(0, rows) },
  )
  return { ...frame, columns, length: rows }
}

/** Returns a reference of rows that stand for those of training. */
export function referenceOfRows(
  predictor: Predictor,
  rows: DataFrame,
  kind: 'baseline',
  sizes: SampleSizes,
): Reference {
  const builder = startProfile(predictor, planProfile(predictor, rows))
  builder.add(rows)
  const sampler = sampleRows(predictor, sizes)
  sampler.add(rows)
  const sample = sampler.drawn()
  const predictions =
    sample.length === 0 ? undefined : profilePredictions(predictor.predict(sample), 'baseline')
  const attributions = attributionsOf(predictor, sample, sizes)
  return {
    kind,
    profile: { ...builder.finish(), predictions },
    attribution: attributions && {
      outputNames: summaryLabels(predictor).map((label) => predictor.classes[label]!),
      mean: summaryLabels(predictor).map((_, k) => Array.from(meanAttribution(attributions, k))),
    },
  }
}

/**
 * Returns a reference of the rows that an imported model is explained against. They are stored as features, from which not
 * every column's values can be told: a filled gap is no gap any more, and a text may be gone.
 */
export function referenceOfBackground(predictor: Predictor, sizes: SampleSizes): Reference {
  const { artifact, preprocessor } = predictor
  const { background } = artifact
  const { spec, imputed } = preprocessor
  const rows = frameOfCells(spec.inputs, restoreCells(spec, background))
  const builder = startProfile(predictor, planProfile(predictor, rows))
  builder.add(rows)
  const profile = builder.finish()
  const predictions = profilePredictions(predictor.predictFeatures(background), 'baseline')
  const labels = summaryLabels(predictor)
  const columns = spec.inputs.length
  const canExplain = predictor.offers[0]?.refusal === undefined
  const explained = Math.min(background.rows, Math.max(1, sizes.explained))
  const head = {
    ...background,
    rows: explained,
    data: background.data.subarray(0, explained * background.columns),
  }
  const absolute = canExplain
    ? explainFeatures(predictor, predictor.explainer, head, labels).map(Math.abs)
    : undefined
  const attributions = absolute && { rows: explained, outputs: labels.length, columns, absolute }
  return {
    kind: 'background',
    profile: { ...profile, predictions },
    attribution: attributions && {
      outputNames: labels.map((label) => predictor.classes[label]!),
      mean: labels.map((_, k) => Array.from(meanAttribution(attributions, k))),
    },
    unsure: profile.columns
      .filter(({ column, missing }) => imputed.has(column) || missing === profile.rows)
      .map(({ column }) => column),
  }
}

/** What was found of live rows. */
export interface Watched extends Omit<Drift, 'unreadable' | 'target'> {
  readonly rows: number
  /** Rows whose predictions and explanations were compared. */
  readonly predicted: number
  readonly explained: number
}

export interface RowWatch {
  add(frame: DataFrame): void
  /** @param unseen columns whose cells were not to be seen: they are not compared, and no row is predicted without them */
  finish(unseen: ReadonlySet<string>): Watched
}

/** Returns a comparison of live rows with a reference, in constant memory. */
export function watchRows(
  predictor: Predictor,
  reference: Reference,
  sizes: SampleSizes,
): RowWatch {
  const builder = startProfile(predictor, plansOfProfile(predictor, reference.profile))
  const sampler = sampleRows(predictor, sizes)
  return {
    add(frame) {
      builder.add(frame)
      sampler.add(frame)
    },
    finish(unseen) {
      const live = builder.finish()
      const sample = unseen.size > 0 ? headOf(sampler.drawn(), 0) : sampler.drawn()
      const attributions = attributionsOf(predictor, sample, sizes)
      return {
        rows: live.rows,
        predicted: sample.length,
        explained: attributions?.rows ?? 0,
        columns: compareColumns(
          ...seenColumns(
            reference.profile,
            live,
            new Set([...unseen, ...(reference.unsure ?? [])]),
          ),
        ),
        predictions: watchPredictions(predictor, reference, sample),
        attributions: watchAttributions(predictor, reference, attributions, sizes.seed),
      }
    },
  }
}

function seenColumns(
  reference: RowProfile,
  live: RowProfile,
  unseen: ReadonlySet<string>,
): [RowProfile, RowProfile] {
  const seen = ({ rows, columns }: RowProfile): RowProfile => ({
    rows,
    columns: columns.filter(({ column }) => !unseen.has(column)),
  })
  return [seen(reference), seen(live)]
}

/** Predictions of rows that a model was trained on are surer than any others: they are no measure. */
function watchPredictions(
  predictor: Predictor,
  { profile: { predictions } }: Reference,
  sample: DataFrame,
) {
  if (!predictions || predictions.part === 'training' || sample.length === 0) return undefined
  const counter = countPredictions(predictor.classes.length, predictions.bins)
  counter.add(predictor.predict(sample))
  return comparePredictions(predictions, counter.finish('live'))
}

function watchAttributions(
  { classes }: Predictor,
  { attribution }: Reference,
  attributions: Attributions | undefined,
  seed: number,
): OutputAttribution[] {
  if (!attribution || !attributions) return []
  const outputs = classes.length === 2 ? [1] : classes.map((_, label) => label)
  return outputs.flatMap((label, k) => {
    const output = classes[label] as string
    const training = attribution.mean[attribution.outputNames.indexOf(output)]
    if (!training) return []
    return [{ output, training, ...driftOfAttribution(training, attributions, k, seed) }]
  })
}
