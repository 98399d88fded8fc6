/** A comparison of live rows as one self-contained HTML page. */

import type { Bins } from '../evaluation/drift/bins.ts'
import type { ColumnDrift } from '../evaluation/drift/compare.ts'
import { sumOf } from '../evaluation/drift/distances.ts'
import type { DriftReport } from '../evaluation/drift/drift-document.ts'
import { percent, type Violation } from '../evaluation/drift/violations.ts'
import { type Content, digits, type Html, join, paragraph, table, tag } from './html.ts'
import { style } from './style.ts'

/** Columns that are drawn, those that have moved most first. */
const MOST_DRAWN = 60
const MOST_LISTED = 500

const colours = `
.bars rect{fill:var(--soft)}.bars rect.live{fill:#c44a00}
.bars text{fill:var(--text);font:12px system-ui,"DejaVu Sans",sans-serif}.bars text.soft{fill:var(--soft)}
.key i{display:inline-block;width:10px;height:10px;margin:0 5px 0 12px;background:var(--soft)}.key i.live{background:#c44a00}
@media(prefers-color-scheme:dark){.bars rect.live,.key i.live{background:#ff8a3d;fill:#ff8a3d}}
`

/** Returns the page of a comparison; it asks nothing of a network and runs no script. */
export function writeDriftPage(report: DriftReport): string {
  const { violations, columns, target, modelId } = report
  const isCalm = violations.length === 0
  const main = tag(
    'main',
    '',
    tag('h1', '', isCalm ? 'No drift' : `Drift of ${describeNames(violations)}`),
    paragraph(
      `Live rows of the model that predicts ${target} beside ${describeReference(report)}. Model `,
      tag('code', '', modelId),
      '.',
    ),
    describeFacts(report),
    ...report.warnings.map((warning) => paragraph(`Note: ${warning}.`)),
    section('Violations', isCalm ? [paragraph('None.')] : [listViolations(violations)]),
    section('Columns', [listColumns(columns)]),
    ...(report.predictions ? [section('Predictions', drawPredictions(report))] : []),
    ...(report.attributions.length > 0 ? [section('Reasons', listAttributions(report))] : []),
    section('Distributions', drawColumns(columns)),
    section('How to read it', explain(report)),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
${tag('title', '', `Drift: ${target}`).html}
<style>${style}${colours}</style>
</head>
<body>
${main.html}
</body>
</html>
`
}

function section(title: string, parts: readonly Content[]): Html {
  return tag('section', '', tag('h2', '', title), join(parts))
}

function nameOf(violation: Violation): string {
  return 'label' in violation ? `the reasons for ${violation.label}` : violation.feature_name
}

function describeNames(violations: readonly Violation[]): string {
  const names = [...new Set(violations.map(nameOf))]
  return names.length > 3
    ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : names.join(', ')
}

function describeReference({ reference: { kind, rows } }: DriftReport): string {
  const count = rows.toLocaleString('en-US')
  if (kind === 'training') return `the ${count} rows that it was trained on`
  if (kind === 'baseline') return `${count} rows of a baseline`
  return `the ${count} rows that it is explained against`
}

function describeFacts({ rows, violations, tests, explained, predicted }: DriftReport): Html {
  const facts: readonly [string, string][] = [
    ['live rows', rows.toLocaleString('en-US')],
    ['violations', String(violations.length)],
    ['tests', String(tests)],
    ['rows predicted', predicted.toLocaleString('en-US')],
    ['rows explained', explained.toLocaleString('en-US')],
  ]
  const boxes = facts.map(([title, value]) =>
    tag('div', '', tag('b', '', value), tag('span', 'class="soft"', title)),
  )
  return tag('div', 'class="facts"', join(boxes))
}

function listViolations(violations: readonly Violation[]): Html {
  return table(
    ['what', 'check', 'description'],
    violations.map((own) => [nameOf(own), own.constraint_check_type, own.description]),
  )
}

function byDrift(columns: readonly ColumnDrift[]): ColumnDrift[] {
  return [...columns].sort((a, b) => b.psi - a.psi)
}

function listColumns(columns: readonly ColumnDrift[]): Html {
  const numbers = ['PSI', 'JS', 'p', 'missing', 'before', 'unknown', 'out of range']
  return table(
    ['column', ...numbers],
    byDrift(columns)
      .slice(0, MOST_LISTED)
      .map((drift) => [
        titleOf(drift),
        digits(drift.psi),
        digits(drift.jensenShannon),
        digits(drift.p),
        percent(drift.missing.live),
        percent(drift.missing.reference),
        percent(drift.unknown.live),
        percent(drift.outside.live),
      ]),
    numbers,
  )
}

function titleOf({ column, by }: ColumnDrift): string {
  return by === column ? column : `${column}, by its ${by}`
}

const KEY = tag('p', 'class="key soft"', tag('i', ''), 'before', tag('i', 'class="live"'), 'live')

function drawPredictions({ predictions, classes }: DriftReport): Content[] {
  if (!predictions) return []
  const { reference, live, score, labels } = predictions
  return [
    paragraph(
      `Scores: PSI ${digits(score.psi)}. Predicted classes: PSI ${digits(labels.psi)}. Before: ${reference.rows.toLocaleString('en-US')} rows ${reference.part === 'held_out' ? 'held out of the training' : 'of the baseline'}.`,
    ),
    KEY,
    drawBars(namesOf(reference.bins), reference.counts, live.counts),
    drawBars([...classes], reference.labels, live.labels),
  ]
}

function listAttributions({ attributions, columnNames }: DriftReport): Content[] {
  return attributions.flatMap(({ output, ndcg, training, live }) => {
    const order = columnNames
      .map((_, j) => j)
      .sort((a, b) => training[b]! - training[a]!)
      .slice(0, MOST_DRAWN)
    return [
      tag('h3', '', `${output}: NDCG ${digits(ndcg)}`),
      table(
        ['column', 'mean |SHAP| before', 'live'],
        order.map((j) => [columnNames[j]!, digits(training[j]), digits(live[j])]),
        ['mean |SHAP| before', 'live'],
      ),
    ]
  })
}

function drawColumns(columns: readonly ColumnDrift[]): Content[] {
  const drawn = byDrift(columns).filter(({ reference }) => reference.counts.length > 1)
  return [
    KEY,
    ...drawn
      .slice(0, MOST_DRAWN)
      .flatMap((drift) => [
        tag('h3', '', titleOf(drift)),
        drawBars(namesOf(drift.live.bins), drift.reference.counts, drift.live.counts),
      ]),
  ]
}

/** What the bins of a column are called. */
function namesOf(bins: Bins): string[] {
  if (bins.kind === 'values') return [...bins.values.map(String), 'others']
  const { cuts } = bins
  return Array.from({ length: cuts.length + 1 }, (_, bin) => {
    const [from, to] = [cuts[bin - 1], cuts[bin]]
    if (from === undefined) return to === undefined ? 'all' : `below ${short(to)}`
    if (to === undefined) return `${short(from)} and more`
    // As narrow as single precision: one number.
    const isOne = to - from <= Math.abs(to) * 2 ** -18 || to - from < 1e-300
    return isOne ? short((from + to) / 2) : `${short(from)} to ${short(to)}`
  })
}

function short(value: number): string {
  return Math.abs(value) < 1e-300 ? '0' : digits(value)
}

const [ROW, LABEL, LENGTH, LONGEST] = [26, 190, 420, 26]

/** Pairs of bars: the share of every bin before and live. */
function drawBars(
  names: readonly string[],
  reference: readonly number[],
  live: readonly number[],
): Html {
  const [n, m] = [Math.max(1, sumOf(reference)), Math.max(1, sumOf(live))]
  const shown = names
    .map((name, bin) => ({ name, before: reference[bin]! / n, now: live[bin]! / m }))
    .filter(({ before, now }) => before > 0 || now > 0)
  const most = Math.max(...shown.flatMap(({ before, now }) => [before, now]), 1e-9)
  const bar = (share: number, y: number, kind: string): string =>
    `<rect ${kind} x="${LABEL}" y="${y}" width="${((share / most) * LENGTH).toFixed(1)}" height="9"/>`
  const rows = shown.map(({ name, before, now }, i): Html => {
    const y = i * ROW
    const label = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name
    const share = `${percent(before)} → ${percent(now)}`
    return {
      html: `${tag('text', `x="${LABEL - 8}" y="${y + 14}" text-anchor="end"`, label).html}${bar(before, y + 2, '')}${bar(now, y + 12, 'class="live"')}${tag('text', `class="soft" x="${LABEL + LENGTH + 8}" y="${y + 14}"`, share).html}`,
    }
  })
  const [width, height] = [LABEL + LENGTH + 150, shown.length * ROW]
  return tag(
    'figure',
    '',
    tag(
      'svg',
      `class="bars" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="shares before and live"`,
      join(rows),
    ),
  )
}

function explain({ thresholds, tests }: DriftReport): Content[] {
  return [
    paragraph(
      `A violation is beyond its threshold and beyond chance. Thresholds: PSI ${thresholds.psi} of columns and ${thresholds.prediction} of predictions, missing cells ${percent(thresholds.missing)}, unknown categories ${percent(thresholds.unknown)}, numbers out of range ${percent(thresholds.outside)}, NDCG ${thresholds.ndcg}. Beyond chance is a p-value of at most ${thresholds.alpha} divided by the ${tests} tests (Bonferroni).`,
    ),
    paragraph(
      'PSI is the population stability index over the bins drawn above, JS the Jensen-Shannon distance. NDCG compares the order in which columns matter, by their mean |SHAP value|, with that of training: 1 is the same order. Drift tells that rows are others than before, not that the model is wrong on them.',
    ),
  ]
}
