/** ROC curves: how many of a class are found for how many false alarms. */
import { line as lineOf } from 'd3-shape'
import { curve } from './curves.ts'
import { number } from './numbers.ts'
import { definePlot } from './plot.ts'
import { qualityFrame } from './quality-frame.ts'
import { chooseCurves, readQuality } from './stored-curves.ts'
import { line } from './svg.ts'

export const rocPlot = definePlot({
  description: 'how many rows of a class are found, for how many false alarms',
  options: { output: { kind: 'text', description: 'the class to show; all by default' } },
  drawModel(model, { output, theme }) {
    const quality = readQuality(model)
    const curves = chooseCurves(quality, output)
    const interval = curves.length === 1 ? quality.rocInterval : undefined
    const figures = curves.map(({ roc, rocAuc }) =>
      roc === undefined
        ? ': not known'
        : `: AUC ${number(rocAuc ?? Number.NaN)}${interval ? ` (95 %: ${number(interval[0])} to ${number(interval[1])})` : ''}`,
    )
    return qualityFrame(
      {
        what: 'ROC curve of',
        target: model.plan.target,
        subtitle: `${quality.measuredOn}; thin line: guessing`,
        x: 'false positive rate',
        y: 'true positive rate',
        keys: curves.map(({ name }, i) => ({ kind: i, name, figure: figures[i]! })),
        description: curves.map(({ name }, i) => `${name}${figures[i]}`).join('; '),
        theme,
      },
      (x, y) =>
        line('dash', x(0), y(0), x(1), y(1)) +
        curves
          .map(({ roc }, i) => {
            if (!roc) return ''
            const path = lineOf<number>(
              (at) => x(roc.x[at]!),
              (at) => y(roc.y[at]!),
            ).digits(1)
            return curve(i, path(roc.x.keys()))
          })
          .join(''),
    )
  },
})
