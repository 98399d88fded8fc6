/** Calibration: whether rows with a probability of 70 % are of the class in 70 of 100 cases. */
import { line as lineOf } from 'd3-shape'
import { curve } from './curves.ts'
import { count, percent } from './numbers.ts'
import { definePlot } from './plot.ts'
import { qualityFrame } from './quality-frame.ts'
import { chooseCurves, readQuality } from './stored-curves.ts'
import { element, line } from './svg.ts'
import { KINDS } from './theme.ts'

export const calibrationPlot = definePlot({
  description: 'whether probabilities are as often right as they say',
  options: {
    output: { kind: 'text', description: 'the class to show; all by default' },
    bins: {
      kind: 'choice',
      description: 'ranges of about as many rows, or of the same width',
      choices: ['quantile', 'uniform'],
      default: 'quantile',
    },
  },
  drawModel(model, { output, bins, theme }) {
    const quality = readQuality(model)
    const curves = chooseCurves(quality, output)
    const most = Math.max(
      1,
      ...curves.flatMap((own) => own.calibration[bins].map((bin) => bin.rows)),
    )
    return qualityFrame(
      {
        what: 'Calibration of',
        target: model.plan.target,
        subtitle: `${quality.measuredOn}; larger points: more rows; thin line: as it should be`,
        x: 'predicted probability',
        y: 'share of rows that are of the class',
        keys: curves.map(({ name }, i) => ({ kind: i, name })),
        description: curves
          .map(
            ({ name, calibration }) =>
              `${name}: ${calibration[bins].map(({ rows, predicted, observed }) => `${percent(predicted)} predicted, ${percent(observed)} observed of ${count(rows, 'row')}`).join(', ')}`,
          )
          .join('; '),
        theme,
      },
      (x, y) =>
        line('dash', x(0), y(0), x(1), y(1)) +
        curves
          .map(({ calibration }, i) => {
            const points = calibration[bins]
            const kind = `k${i % KINDS}`
            const path = lineOf<(typeof points)[number]>(
              ({ predicted }) => x(predicted),
              ({ observed }) => y(observed),
            ).digits(1)
            const dots = points.map(({ rows, predicted, observed }) =>
              element('circle', {
                class: kind,
                cx: x(predicted),
                cy: y(observed),
                r: 2.5 + 4.5 * Math.sqrt(rows / most),
              }),
            )
            return curve(i, path(points)) + dots.join('')
          })
          .join(''),
    )
  },
})
