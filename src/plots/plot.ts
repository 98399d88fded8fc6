/** What a plot of explanations is: the options it takes, and a function from data to SVG. */
import type { Explanations } from '../shap/explanation.ts'

/** A whole number that a plot may be told. */
export interface PlotOption {
  readonly description: string
  readonly minimum: number
  readonly maximum: number
  readonly default: number
}

export interface Plot {
  readonly description: string
  /** By the names that requests use. */
  readonly options: Readonly<Record<string, PlotOption>>
  /**
   * Returns a whole SVG document.
   * @param options a value for every option
   * @throws InputError for rows or outputs that it cannot show
   */
  draw(explanations: Explanations, options: Readonly<Record<string, number>>): string
}
