/** What metrics.json says can be used with the scores that the model gives. */
import t from 'tap'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { fit, plan, tableOf } from './fit-table.ts'

interface Curve {
  readonly class: string
  readonly roc: { readonly thresholds: (number | null)[]; readonly true_positive_rate: number[] }
  readonly precision_recall: { readonly thresholds: number[]; readonly recall: number[] }
}

t.test('thresholds of curves are scores, to the bit', async (t) => {
  const labelOf = (row: number) => ((row * row) % 13 < 5 ? '1' : '0')
  const table = tableOf(67, labelOf)
  const { artifact } = await fit(table, plan, {
    engine: 'native',
    params: { max_depth: 3 },
    testSize: 0,
    channels: new Map([['validation', table]]),
  })
  const { curves } = artifact.metrics as { curves: { classes: readonly Curve[] } }
  const predictor = buildPredictor(artifact)
  const { probabilities } = predictor.predict(table)
  const labels = Array.from({ length: table.length }, (_, row) => labelOf(row))
  for (const { class: label, roc, precision_recall: curve } of curves.classes) {
    const k = predictor.classes.indexOf(label)
    const scores = labels.map((_, row) => probabilities[row * 2 + k]!)
    const isFound = (threshold: number) =>
      scores.filter((score, row) => score >= threshold && labels[row] === label).length
    const positives = labels.filter((own) => own === label).length
    for (const { thresholds, shares } of [
      { thresholds: roc.thresholds, shares: roc.true_positive_rate },
      { thresholds: curve.thresholds, shares: curve.recall },
    ]) {
      t.ok(thresholds.some((value) => value !== null && value * 1e6 !== Math.round(value * 1e6)))
      thresholds.forEach((threshold, i) => {
        if (threshold === null) return
        t.ok(scores.includes(threshold), `class ${label}: ${threshold} is a score`)
        t.ok(Math.abs(isFound(threshold) / positives - shares[i]!) < 1e-6, `share at ${threshold}`)
      })
    }
  }
})
