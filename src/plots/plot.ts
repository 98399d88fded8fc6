/** What a plot is: the options it takes, and functions from what it can be drawn from to SVG. */
import type { Artifact } from '../artifact/artifact.ts'
import type { LabelledModel } from '../artifact/labelled-model.ts'
import type { Explanations } from '../shap/explanation.ts'
import { type Theme, themes } from './theme.ts'

/** What a plot may be told. */
export type PlotOption =
  | {
      readonly kind: 'whole'
      readonly description: string
      readonly minimum: number
      readonly maximum: number
      readonly default: number
    }
  | {
      readonly kind: 'choice'
      readonly description: string
      readonly choices: readonly string[]
      readonly default: string
    }
  /** A name of the model's; absent by default. */
  | { readonly kind: 'text'; readonly description: string }

export type PlotOptions = Readonly<Record<string, PlotOption>>

/** Values of a plot's options. */
export type ValuesOf<O extends PlotOptions> = {
  readonly [K in keyof O]: O[K] extends { kind: 'whole' }
    ? number
    : O[K] extends { kind: 'choice'; choices: readonly (infer T)[] }
      ? T
      : string | undefined
}

/** What every plot may be told. */
export const commonOptions = {
  theme: {
    kind: 'choice',
    description: 'colours for light or dark paper; auto follows the reader, in PNG it is light',
    choices: themes,
    default: 'auto',
  },
} as const satisfies PlotOptions

/** What a model's own plots are drawn from. */
export type PlottedModel = LabelledModel<
  Pick<Artifact, 'plan' | 'classes' | 'metrics' | 'summary' | 'model' | 'preprocessor' | 'labels'>
>

interface Drawers<O extends PlotOptions> {
  readonly description: string
  /** By the names that requests use. */
  readonly options: O
  /** Which rows it shows: one, or as many as there are. */
  readonly rows?: 'one' | 'many'
  /** Whether the rows' interaction values are what it shows. */
  readonly interactions?: true
  /**
   * Returns a whole SVG document of explained rows.
   * @throws InputError for rows or outputs that it cannot show
   */
  drawRows?(explanations: Explanations, options: ValuesOf<O> & { readonly theme: Theme }): string
  /**
   * Returns a whole SVG document of what is stored with the model; undefined where rows are needed.
   * @throws InputError `not_found` where the model does not have it, `invalid_option`
   */
  drawModel?(
    model: PlottedModel,
    options: ValuesOf<O> & { readonly theme: Theme },
  ): string | undefined
}

export type Plot = Drawers<PlotOptions>

/** Returns a plot whose functions know the types of its options. */
export function definePlot<const O extends PlotOptions>(plot: Drawers<O>): Plot {
  // Values are read by the very specs, see readOptions.
  return plot as unknown as Plot
}
