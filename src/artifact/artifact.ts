/** What a model directory holds. */
import type { Cell } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import type { Labels } from '../data/readable.ts'
import type { TrainingProfile } from '../evaluation/drift/profile.ts'
import type { ModelSpec } from '../models/model.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import type { PreprocessorSpec } from '../preprocess/preprocessor.ts'
import type { GlobalSummary } from '../shap/global-summary.ts'
import type { StoredColumn } from './stored-columns.ts'
import type { Mistakes } from './stored-mistakes.ts'

/** Version of the directory's format; a program reads its own and the one before. */
export const FORMAT_VERSION = 2
export const OLDEST_FORMAT_VERSION = 1

/** The files that a manifest names, in the order they are written; the manifest itself comes last. */
export const PREPROCESSOR_FILE = 'preprocessor.json'
export const MODEL_FILE = 'model.safetensors'
export const EXPLAIN_FILE = 'explain.safetensors'
export const METRICS_FILE = 'metrics.json'
export const MANIFEST_FILE = 'manifest.json'
/** Only in the directory of a model that was tuned. */
export const TRIALS_FILE = 'trials.json'
/** Only of a table so wide that what its manifest says of the columns would make that too large. */
export const COLUMNS_FILE = 'columns.json'
/** What not every model has: one that was not trained here has no rows to sum up. */
export const SUMMARY_FILE = 'summary.json'
/** What training rows looked like; absent where there were none, and in models of older versions. */
export const PROFILE_FILE = 'profile.json'
/** Rows that the model predicts wrongly; absent where it was measured on none, and in models of older versions. */
export const MISTAKES_FILE = 'mistakes.json'
/** Files that not every model has. */
export const OPTIONAL_FILES = [
  SUMMARY_FILE,
  PROFILE_FILE,
  MISTAKES_FILE,
  TRIALS_FILE,
  COLUMNS_FILE,
] as const
/** Largest manifest in bytes: it is read before anything is known of it. */
export const MAX_MANIFEST = 1 << 20
/** Members of a manifest that grow with the columns. */
export const COLUMN_MEMBERS = [
  'plan',
  'columns',
  'feature_names_in',
  'feature_names_out',
  'self_test',
] as const
export const DATA_FILES = [PREPROCESSOR_FILE, MODEL_FILE, EXPLAIN_FILE, METRICS_FILE] as const

/** How a training went. */
export interface TrainingRecord {
  readonly rows: number
  readonly trainRows: number
  readonly testRows: number
  /** SHA-256 of the training file's bytes. */
  readonly sha256: string
  readonly seed: number
  readonly warnings: readonly string[]
  /** Whether it was stopped and the model is what was done by then. */
  readonly interrupted?: boolean
}

/** A made-up input row with what the model answered when it was trained. */
export interface SelfTestRow {
  readonly cells: readonly Cell[]
  readonly probabilities: readonly number[]
  /** SHAP values of the last class, per input column, and their base value; absent if it cannot be explained. */
  readonly baseValue?: number
  readonly shapValues?: readonly number[]
}

/** Mean |SHAP value| over a sample of the training rows. */
export interface GlobalImportance {
  readonly rows: number
  /** Classes explained. */
  readonly outputNames: readonly string[]
  readonly baseValues: Float64Array
  /** [output][input column] */
  readonly meanAbsolute: Matrix
}

/** A trained model with everything that serving, explaining and auditing need. */
export interface Artifact {
  readonly modelId: string
  readonly estimator: string
  readonly engine: string
  readonly params: Readonly<Record<string, unknown>>
  readonly plan: ColumnPlan
  /**
   * Why every column of the training table was taken for what it is, in the table's order; absent where the plan was given,
   * and in models of older versions. No answer depends on it, nor does the model's id.
   */
  readonly columns?: readonly StoredColumn[]
  /** Class names in the model's order; the positive class of two is the last. */
  readonly classes: readonly string[]
  /** Whether labels are written as numbers. */
  readonly numericClasses: boolean
  readonly preprocessor: PreprocessorSpec
  readonly model: ModelSpec
  readonly training: TrainingRecord
  /** Everything measured, as it is written to metrics.json. */
  readonly metrics: Readonly<Record<string, unknown>>
  /** The trials of a tuning, as they are written to trials.json. */
  readonly trials?: Readonly<Record<string, unknown>>
  /** Stratified sample of the training rows; [row][feature]. */
  readonly background: Matrix
  readonly importance: GlobalImportance
  /** SHAP values over a sample of the training rows, per column and by its values. */
  readonly summary?: GlobalSummary
  /** What training rows looked like. No answer depends on it, nor does the model's id. */
  readonly profile?: TrainingProfile
  /** Rows that it was measured on and predicts wrongly. No answer depends on them, nor does the model's id. */
  readonly mistakes?: Mistakes
  readonly selfTest: readonly SelfTestRow[]
  /** Readable names of columns and values, where some were given. */
  readonly labels?: Labels
  /** Name and version of this program and of the packages that fitted the model. */
  readonly versions: Readonly<Record<string, string>>
}

/** A model that has no identity yet. */
export type ArtifactParts = Omit<Artifact, 'modelId'>

/** Returns the SHA-256 of bytes in hexadecimal; passed in, because this folder knows no library for it. */
export type Hash = (...pieces: readonly Uint8Array[]) => string

/** Returns a copy that no other thread can write to while it is decoded as text; decoders refuse shared memory. */
export function unshared(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** What stands in a manifest's `checksum` while the checksum is computed. */
export const NO_CHECKSUM = '0'.repeat(64)

/** Returns the checksum of a manifest: over its bytes with zeros in the place of the checksum itself. */
export function manifestChecksum(manifest: Uint8Array, sha256: Hash): string {
  const text = new TextDecoder().decode(unshared(manifest))
  const blank = text.replace(/("checksum":\s*")[0-9a-f]{64}"/, `$1${NO_CHECKSUM}"`)
  return sha256(new TextEncoder().encode(blank))
}
