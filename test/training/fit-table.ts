/** Trainings of tests that look at what comes out of them. */
import { type Artifact, MANIFEST_FILE } from '../../src/artifact/artifact.ts'
import { decodeArtifact } from '../../src/artifact/decode.ts'
import { decodeManifest } from '../../src/artifact/decode-manifest.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import type { DataFrame } from '../../src/data/frame.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { type ColumnPlan, readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { train } from '../../src/training/train.ts'
import type { TrainOptions } from '../../src/training/train-options.ts'
import type { TrainReport } from '../../src/training/train-report.ts'

type Told = Partial<Omit<TrainOptions, 'params'>> & { params?: Readonly<Record<string, unknown>> }

/** Options of a quick training; the others have the command line's defaults. */
export const quick: TrainOptions = {
  estimator: 'decision_tree',
  engine: 'mljs',
  params: new Map(),
  testSize: 0.2,
  seed: 0,
  dropMissingLabel: false,
  dataSha256: '0'.repeat(64),
  sha256,
  progress: async () => {},
  warn: () => {},
}

/** Trains with them, and what is told. */
export function fit(table: DataFrame, plan: unknown, { params = {}, ...told }: Told = {}) {
  return train(table, isPlan(plan) ? plan : readPlan(plan), {
    ...quick,
    params: new Map(Object.entries(params)),
    ...told,
  })
}

function isPlan(plan: unknown): plan is ColumnPlan {
  return typeof plan === 'object' && plan !== null && 'dropped' in plan
}

/** A CSV table of rows `i` with a number, a category and the label written by `label`. */
export function tableOf(
  rows: number,
  label: (row: number) => string = (row) => `${row % 2}`,
): DataFrame {
  const lines = Array.from(
    { length: rows },
    (_, i) => `${(i * 7) % 11},${'abc'[i % 3]},${label(i)}\n`,
  )
  return readCsvTable(`n,c,y\n${lines.join('')}`)
}

export const plan = { target: 'y', numeric: ['n'], nominal: ['c'] }

/** Every byte of a model directory, as text that can be compared. */
export function bytesOf({ artifact }: TrainReport): Record<string, string> {
  const files = encodeArtifact(artifact, sha256)
  return Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)]))
}

export function reload(artifact: Artifact): Artifact {
  const files = encodeArtifact(artifact, sha256)
  return decodeArtifact(decodeManifest(files.get(MANIFEST_FILE) as Uint8Array, sha256), files)
}
