/** What metrics.json says can be used with the scores that the model gives. */
import t from 'tap'
import { describeResult } from '../../src/commands/training/result-tables.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { writeReport } from '../../src/report/report.ts'
import { writeModelCard } from '../../src/training/model-card.ts'
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

t.test('classes without a test row are named wherever the areas stand', async (t) => {
  const labelOf = (row: number) => (row === 0 ? 'c r' : (row * row) % 13 < 5 ? 'a' : 'b')
  const report = await fit(tableOf(67, labelOf), plan)
  const { metrics } = report.artifact
  const test = metrics['test'] as Record<string, unknown>
  t.strictSame(test['classes_without_rows'], ['c r'])
  t.type(test['roc_auc'], 'number')
  t.type((metrics['majority'] as typeof test)['roc_auc'], 'number')
  t.match(describeResult(report, 80), /^areas {5}without "c r", which has no row here$/m)
  t.match(writeModelCard(report), /the areas without those that have no row: c r;/)
  t.match(
    await writeReport(report.artifact, report.predictor, 1),
    /means over the classes that have rows here, without c r\./,
  )
  const whole = await fit(
    tableOf(67, (row) => `${(row * row) % 3}`),
    plan,
  )
  t.notOk('classes_without_rows' in (whole.artifact.metrics['test'] as object))
  t.notMatch(describeResult(whole, 80), /^areas/m)
})
