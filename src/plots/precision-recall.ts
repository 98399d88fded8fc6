/** Precision-recall curves: how many of those named are right, for how many that are found. */
import { curveStepAfter, line as lineOf } from 'd3-shape'
import { curve } from './curves.ts'
import { number } from './numbers.ts'
import { definePlot } from './plot.ts'
import { qualityFrame } from './quality-frame.ts'
import { chooseCurves, readQuality } from './stored-curves.ts'
import { line } from './svg.ts'

export const precisionRecallPlot = definePlot({
  description: 'how many of the rows said to be of a class are, for how many that are found',
  options: { output: { kind: 'text', description: 'the class to show; all by default' } },
  drawModel(model, { output, theme }) {
    const quality = readQuality(model)
    const curves = chooseCurves(quality, output)
    const figures = curves.map(({ precisionRecall, prAuc }) =>
      precisionRecall === undefined
        ? ': not known'
        : `: average precision ${number(prAuc ?? Number.NaN)}`,
    )
    return qualityFrame(
      {
        what: 'Precision and recall of',
        target: model.plan.target,
        subtitle: `${quality.measuredOn}; thin line: guessing`,
        x: 'recall',
        y: 'precision',
        keys: curves.map(({ name }, i) => ({ kind: i, name, figure: figures[i]! })),
        description: curves.map(({ name }, i) => `${name}${figures[i]}`).join('; '),
        theme,
      },
      (x, y) =>
        curves
          .map(({ precisionRecall: points, rows }, i) => {
            if (!points) return ''
            const share = rows === undefined || quality.rows === 0 ? undefined : rows / quality.rows
            // Between two points precision is not what a straight line says (Davis and Goadrich, 2006).
            // The point of the highest threshold holds down to a recall of 0, as the average precision counts it.
            const corners = [...points.x.keys(), points.x.length]
            const path = lineOf<number>(
              (at) => x(points.x[at] ?? 0),
              (at) => y(points.y[at] ?? points.y.at(-1)!),
            )
              .curve(curveStepAfter)
              .digits(1)
            return [
              share === undefined ? '' : line('dash', x(0), y(share), x(1), y(share)),
              curve(i, path(corners)),
            ].join('')
          })
          .join(''),
    )
  },
})
