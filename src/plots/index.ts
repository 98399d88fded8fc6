/** The table of plots: every plot by the name that requests use. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { Explanations } from '../shap/explanation.ts'
import type { Plot } from './plot.ts'
import { waterfallPlot } from './waterfall.ts'

export const plots: Readonly<Record<string, Plot>> = {
  waterfall: waterfallPlot,
}

/** What is drawn when no plot is named. */
export const DEFAULT_PLOT = 'waterfall'

/**
 * Returns a plot as SVG.
 * @param given the plot's name as `plot`, and values of its options; what it does not take is ignored
 * @throws InputError `invalid_option` for a plot that there is not or a value out of range, and as the plot does
 */
export function drawPlot(explanations: Explanations, given: ReadonlyMap<string, string>): string {
  const name = given.get('plot') ?? DEFAULT_PLOT
  const plot = Object.hasOwn(plots, name) ? plots[name] : undefined
  if (!plot) {
    const names = Object.keys(plots)
    throw new InputError(
      'invalid_option',
      `plot is ${quote(name)}, expected ${listNames(names)}${didYouMean(name, names)}`,
    )
  }
  const options = Object.entries(plot.options).map(([option, { minimum, maximum, ...spec }]) => {
    const text = given.get(option)
    if (text === undefined) return [option, spec.default]
    const value = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return [option, value]
    throw new InputError(
      'invalid_option',
      `${option} is ${quote(text)}, expected a whole number from ${minimum} to ${maximum}`,
    )
  })
  return plot.draw(explanations, Object.fromEntries(options))
}
