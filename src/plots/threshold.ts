/** What deciding at other probabilities than one half would do, for one class against the others. */
import { line as lineOf } from 'd3-shape'
import { InputError, listNames } from '../errors.ts'
import type { Scale } from './axes.ts'
import { curve } from './curves.ts'
import { percent } from './numbers.ts'
import { definePlot } from './plot.ts'
import { qualityFrame } from './quality-frame.ts'
import { chooseCurves, readQuality, type StoredThreshold } from './stored-curves.ts'
import { line } from './svg.ts'
import { label, sizes } from './text.ts'

/** Measures of a decision, undefined where they divide by nothing. */
const measures: Readonly<Record<string, (at: StoredThreshold) => number | undefined>> = {
  precision: ({ truePositives: hit, falsePositives: alarm }) => share(hit, hit + alarm),
  recall: ({ truePositives: hit, falseNegatives: miss }) => share(hit, hit + miss),
  F1: ({ truePositives: hit, falsePositives: alarm, falseNegatives: miss }) =>
    share(2 * hit, 2 * hit + alarm + miss),
  accuracy: ({ truePositives: hit, trueNegatives: pass, falsePositives, falseNegatives }) =>
    share(hit + pass, hit + pass + falsePositives + falseNegatives),
}

/** The probability above which predicted_label names one of two classes. */
const USED = 0.5

function markUsed(at: number, y: Scale): string {
  const place = { class: 'soft', x: at, y: y(1) - 12, anchor: 'middle', size: sizes.small } as const
  return line('dash', at, y(0), at, y(1) - 6) + label(`${USED}: predicted_label`, place)
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined
}

export const thresholdPlot = definePlot({
  description: 'precision, recall, F1 and accuracy by the probability above which a class is named',
  options: {
    output: { kind: 'text', description: 'the class; needed where there are more than two' },
  },
  drawModel(model, { output, theme }) {
    const quality = readQuality(model)
    const [curves, ...others] = chooseCurves(quality, output)
    if (!curves || others.length > 0)
      throw new InputError(
        'invalid_option',
        `this plot shows one class, which the option output says: ${listNames(quality.curves.map(({ name }) => name))}`,
      )
    const { thresholds, name } = curves
    const lines = Object.entries(measures).map(([measure, of]) => ({
      measure,
      points: thresholds.flatMap((at) => {
        const value = of(at)
        return value === undefined ? [] : [{ threshold: at.threshold, value }]
      }),
    }))
    const isUsed = model.classes.length === 2
    return qualityFrame(
      {
        what: `Decisions by threshold:`,
        target: `${model.plan.target} = ${name}`,
        subtitle: quality.measuredOn,
        x: 'probability above which the class is named',
        y: 'share',
        keys: lines.map(({ measure }, i) => ({ kind: i, name: measure })),
        description: lines
          .map(
            ({ measure, points }) =>
              `${measure} ${points.map(({ threshold, value }) => `${percent(value)} at ${threshold}`).join(', ')}`,
          )
          .join('; '),
        theme,
      },
      (x, y) =>
        (isUsed ? markUsed(x(USED), y) : '') +
        lines
          .map(({ points }, i) => {
            const path = lineOf<{ threshold: number; value: number }>(
              ({ threshold }) => x(threshold),
              ({ value }) => y(value),
            ).digits(1)
            return curve(i, path(points))
          })
          .join(''),
    )
  },
})
