/** The table of plots: every plot by the name that requests use. */
import { labelModel } from '../artifact/labelled-model.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { Explanations } from '../shap/explanation.ts'
import { barPlot } from './bar.ts'
import { beeswarmPlot } from './beeswarm.ts'
import { calibrationPlot } from './calibration.ts'
import { confusionPlot } from './confusion.ts'
import { decisionPlot } from './decision.ts'
import { dependencePlot } from './dependence.ts'
import { forcePlot } from './force.ts'
import { interactionsPlot } from './interactions.ts'
import { labelExplanations, labelOptions } from './labelled.ts'
import { commonOptions, type Plot, type PlottedModel } from './plot.ts'
import { precisionRecallPlot } from './precision-recall.ts'
import { readOptions } from './read-options.ts'
import { rocPlot } from './roc.ts'
import { stackedForcePlot } from './stacked-force.ts'
import { thresholdPlot } from './threshold.ts'
import { treePlot } from './tree.ts'
import { waterfallPlot } from './waterfall.ts'

export const plots: Readonly<Record<string, Plot>> = {
  waterfall: waterfallPlot,
  force: forcePlot,
  stacked_force: stackedForcePlot,
  bar: barPlot,
  beeswarm: beeswarmPlot,
  dependence: dependencePlot,
  decision: decisionPlot,
  interactions: interactionsPlot,
  roc: rocPlot,
  precision_recall: precisionRecallPlot,
  calibration: calibrationPlot,
  confusion: confusionPlot,
  threshold: thresholdPlot,
  tree: treePlot,
}

/** What is drawn of rows when no plot is named. */
export const DEFAULT_PLOT = 'waterfall'

/**
 * Returns the plot of a name.
 * @throws InputError `invalid_option` for a plot that there is not
 */
export function findPlot(name: string): Plot {
  const plot = Object.hasOwn(plots, name) ? plots[name] : undefined
  if (plot) return plot
  const names = Object.keys(plots)
  throw new InputError(
    'invalid_option',
    `plot is ${quote(name)}, expected ${listNames(names)}${didYouMean(name, names)}`,
  )
}

/**
 * Returns a plot of explained rows as SVG.
 * @param given the plot's name as `plot`, and values of its options; what it does not take is ignored
 * @throws InputError `invalid_option` for a plot that there is not or a value out of range, and as the plot does
 */
export function drawPlot(explanations: Explanations, given: ReadonlyMap<string, string>): string {
  const name = given.get('plot') ?? DEFAULT_PLOT
  const plot = findPlot(name)
  if (!plot.drawRows)
    throw new InputError(
      'invalid_option',
      `plot=${name} shows the model, not rows; GET /explain/global and shapserve plot draw it`,
    )
  const options = { ...plot.options, ...commonOptions }
  const asked = labelOptions(given, options, { ...explanations, labels: explanations.labels })
  return plot.drawRows(labelExplanations(explanations), readOptions(options, asked))
}

/**
 * Returns a plot of what is stored with a model as SVG; undefined where the plot needs rows.
 * @param given values of its options; what it does not take is ignored
 * @throws InputError as {@link drawPlot} does, and `not_found` for what the model does not have
 */
export function drawModelPlot(
  name: string,
  model: PlottedModel,
  given: ReadonlyMap<string, string>,
): string | undefined {
  const plot = findPlot(name)
  const options = { ...plot.options, ...commonOptions }
  const { labels, plan, preprocessor } = model
  const asked = labelOptions(given, options, { labels, target: plan.target })
  // What a tree asks is read from the plan as it is.
  return plot.drawModel?.({ ...labelModel(model), preprocessor }, readOptions(options, asked))
}
