/** What `monitor` is told by its flags. */
import type { Thresholds } from '../../evaluation/drift/violations.ts'
import type { SampleSizes } from '../../predictor/sample-rows.ts'
import { readNumber, readSeed, readWhole } from '../setting-values.ts'

/** Their values, as they were typed. */
export interface MonitorFlags {
  readonly modelDir: string
  readonly publicKey?: string
  readonly baseline?: string
  readonly anyModel?: true
  readonly header: boolean
  readonly json?: true
  readonly output?: string
  readonly html?: string
  readonly labels?: string
  readonly sample: string
  readonly explainRows: string
  readonly seed: string
  readonly ignore?: readonly string[]
  readonly psi: string
  readonly js: string
  readonly missing: string
  readonly unknown: string
  readonly outOfRange: string
  readonly predictionPsi: string
  readonly ndcg: string
  readonly unreadable: string
  readonly alpha: string
}

const MOST_SAMPLED = 1_000_000

/** Returns how many rows are looked at one by one; throws InputError `invalid_parameter`. */
export function readSizes({ sample, explainRows, seed }: MonitorFlags): SampleSizes {
  return {
    rows: readWhole('--sample', sample, 1, MOST_SAMPLED),
    explained: readWhole('--explain-rows', explainRows, 0, MOST_SAMPLED),
    seed: readSeed(seed),
  }
}

/** Returns the thresholds; throws InputError `invalid_parameter`. */
export function readThresholds(flags: MonitorFlags): Thresholds {
  return {
    psi: readNumber('--psi', flags.psi, 0, 1e6),
    jensenShannon: readNumber('--js', flags.js, 0, 1),
    missing: readNumber('--missing', flags.missing, 0, 1),
    unknown: readNumber('--unknown', flags.unknown, 0, 1),
    outside: readNumber('--out-of-range', flags.outOfRange, 0, 1),
    prediction: readNumber('--prediction-psi', flags.predictionPsi, 0, 1e6),
    ndcg: readNumber('--ndcg', flags.ndcg, 0, 1),
    unreadable: readNumber('--unreadable', flags.unreadable, 0, 1),
    alpha: readNumber('--alpha', flags.alpha, 0, 1),
  }
}
