/** What the page is told of its model, and what the routes answer that it asks. */
import type { Labels } from '../data/readable.ts'

/** A cell as JSON has it; null = missing. */
export type Cell = string | number | null
export type Label = string | number

/** An input column. */
export interface PageColumn {
  readonly name: string
  readonly type: 'number' | 'text'
  readonly nullable: boolean
  readonly categories?: readonly (string | number)[] | undefined
  readonly range?:
    | {
        readonly minimum: number
        readonly median: number
        readonly maximum: number
        readonly deviation: number
        readonly integer: boolean
      }
    | undefined
  readonly example: Cell
}

/** What `GET /model` answers, as far as the page shows it. */
export interface PageCard {
  readonly model_id: string
  readonly estimator: string
  readonly engine: string
  readonly kind: string
  readonly params: Readonly<Record<string, unknown>>
  readonly target: string
  readonly classes: readonly Label[]
  readonly positive_class?: Label
  readonly columns: readonly PageColumn[]
  readonly labels?: Labels
  readonly explanations: {
    readonly space?: Space
    readonly method?: string
    readonly offered: readonly {
      readonly space: Space
      readonly method: string
      readonly refusal?: string
    }[]
  }
  readonly training: {
    readonly rows: number
    readonly train_rows: number
    readonly test_rows: number
    readonly seed: number
    readonly sha256: string
    readonly warnings: readonly string[]
  }
  readonly versions: Readonly<Record<string, string>>
  readonly example: Readonly<Record<string, Cell>>
}

export type Space = 'probability' | 'log_odds'

/** Answers at one threshold, counted. */
export interface ThresholdCounts {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

/** Points of a curve. */
export interface Points {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Rows with about the same probability. */
export interface CalibrationBin {
  readonly rows: number
  /** Their mean probability. */
  readonly predicted: number
  /** Share of them that are of the class. */
  readonly observed: number
}

/** What was measured of the model. */
export interface PageQuality {
  readonly measuredOn: string
  /** [true class][predicted class] */
  readonly confusion: readonly (readonly number[])[]
  /** A metric with the model's value, its interval and that of always saying the most frequent class. */
  readonly metrics: readonly {
    readonly name: string
    readonly value: number
    readonly interval?: readonly [number, number] | undefined
    readonly majority?: number | undefined
  }[]
  readonly curves: readonly {
    readonly name: string
    readonly thresholds: readonly ThresholdCounts[]
    readonly roc?: Points | undefined
    /** By recall: precision. */
    readonly precisionRecall?: Points | undefined
    /** Rows by their probability, about as many in each bin. */
    readonly calibration: readonly CalibrationBin[]
    readonly rocAuc?: number | undefined
    readonly prAuc?: number | undefined
  }[]
}

/** One column's way to the model's features. */
export interface PipelineStep {
  readonly column: string
  /** The input column that a derived one is made from. */
  readonly from?: string | undefined
  readonly pattern?: string | undefined
  /** The transformers in their order, by their kinds, with what they have learned. */
  readonly chain: readonly { readonly kind: string; readonly detail?: string | undefined }[]
  readonly features: readonly string[]
  /** Features beyond those that are listed. */
  readonly others: number
}

/** Mean effects of a column over a sample of the training rows. */
export interface PageSummary {
  readonly space: Space
  readonly rows: number
  readonly output_names: readonly string[]
  readonly columns: readonly {
    readonly column: string
    readonly by?: string
    readonly mean_abs_shap: readonly number[]
    readonly mean_shap: readonly number[]
    readonly groups: readonly {
      readonly value?: Cell
      readonly others?: true
      readonly from?: number
      readonly to?: number
      readonly rows: number
      readonly mean_shap: readonly number[]
    }[]
  }[]
}

/** What `GET /page/model.json` answers. */
export interface PageModel {
  readonly card: PageCard
  readonly summary?: PageSummary | undefined
  readonly quality?: PageQuality | undefined
  readonly pipeline: readonly PipelineStep[]
  /** Rows of the stored sample. */
  readonly sampleRows: number
  /** Rows that the model was measured on and predicts wrongly; absent where they are not known. */
  readonly mistakes?:
    | {
        readonly part: 'held_out' | 'validation' | 'test'
        /** Rows that it was measured on. */
        readonly rows: number
        readonly wrong: number
        /** How many of the wrong ones are stored. */
        readonly listed: number
      }
    | undefined
}

/** A row with the class that it has. */
export interface LabelledRow {
  /** In the order of the columns. */
  readonly cells: readonly Cell[]
  readonly label: Label
}

/** What `GET /page/rows.json` answers. */
export interface PageRows {
  /** Texts of the sample's rows by their columns, made up to be read as theirs; null where there is none. */
  readonly texts: Readonly<Record<string, readonly (string | null)[]>>
  /** Rows that the model predicts wrongly, those first of whose wrong class it is most certain. */
  readonly mistakes: readonly LabelledRow[]
}

export interface Counterfactual {
  readonly class: Label
  readonly found: boolean
  readonly optimal: boolean
  readonly changes: readonly { readonly column: string; readonly from: Cell; readonly to: Cell }[]
}

/** One explained row. */
export interface RowExplanation {
  readonly predicted_label: Label
  readonly score: number | readonly number[]
  readonly outputs: readonly number[]
  readonly data: readonly Cell[]
  /** [output][column] */
  readonly shap_values: readonly (readonly number[])[]
  readonly additivity_error: number
  readonly output_names?: readonly string[]
  readonly base_values?: readonly number[]
  readonly counterfactual?: Counterfactual
}

/** What `POST /explain` and `GET /page/sample.json` answer. */
export interface Explained {
  readonly space: Space
  readonly output_names?: readonly string[]
  readonly base_values?: readonly number[]
  readonly feature_names: readonly string[]
  readonly explanations: readonly RowExplanation[]
}
