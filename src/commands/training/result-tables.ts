/** The tables that end a training: how good the model is, and why. */

import { classLabel, columnLabel } from '../../data/readable.ts'
import { counted, listNames } from '../../errors.ts'
import type { Intervals } from '../../evaluation/bootstrap.ts'
import { type MetricName, metricNames, metricTitles } from '../../evaluation/metric-names.ts'
import { classesWithoutRows, type Metrics } from '../../evaluation/metrics.ts'
import { spaceLabels } from '../../shap/explanation.ts'
import { type CrossValidation, summariseFolds } from '../../training/cross-validation.ts'
import { labelImportance } from '../../training/labelled-importance.ts'
import type { Evaluation } from '../../training/measure.ts'
import type { TrainReport } from '../../training/train-report.ts'
import type { Trial } from '../../training/tuning/parameter-search.ts'
import type { TuneReport } from '../../training/tuning/tune.ts'
import { bar, cut, cutAll, fit, widthOf, wrap } from '../output/layout.ts'
import { printable } from '../terminal.ts'

/** What the table of metrics shows. */
const shownMetrics: readonly MetricName[] = ['accuracy', 'roc_auc', 'log_loss', 'f1', 'brier']

const MOST_TRIALS = 20
/** Cells before what a line is about. */
const HEADING = 10
const MOST_TITLE = 30
const MOST_COLUMNS = 20
/** Cells before a trial's parameters. */
const TRIAL = 37

/**
 * Returns the tables of metrics and confusion, and the importance bars.
 * @param cells of a line; infinite = nobody looks at it
 */
export function describeResult(report: TrainReport, cells: number): string {
  const { artifact, test, channels, crossValidation } = report
  const measured: [string, Evaluation][] = [
    ...(test ? [[channels.has('test') ? 'held out' : 'test', test] as [string, Evaluation]] : []),
    ...channels,
  ]
  const { labels, plan } = artifact
  const classes = artifact.classes.map((name) => classLabel(labels, plan.target, name))
  const lines = measured.flatMap(([title, { model, majority, intervals }]) => [
    headLine(title),
    rowLine('model', (name) => number(model[metricNames[name]])),
    rowLine('95 % from', (name) => bound(intervals, name, 0)),
    rowLine('95 % to', (name) => bound(intervals, name, 1)),
    rowLine('majority', (name) => number(majority[metricNames[name]])),
    ...describeAverages(model, classes).flatMap((line) => wrap(line, cells, HEADING)),
    '',
    ...describeConfusion(model, classes, cells),
    '',
  ])
  if (crossValidation) lines.push(...describeFolds(crossValidation), '')
  return `${[...lines, ...describeImportance(report, cells)].join('\n')}\n`
}

function headLine(title: string): string {
  return `${title.padEnd(10)}${shownMetrics.map((name) => metricTitles[name].padStart(9)).join('')}`
}

function rowLine(title: string, cellOf: (name: MetricName) => string): string {
  return `${title.padEnd(10)}${shownMetrics.map((name) => cellOf(name).padStart(9)).join('')}`
}

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : value.toFixed(3)
}

function bound({ of }: Intervals, name: MetricName, side: 0 | 1): string {
  return number(of[metricNames[name]]?.[side])
}

/** Classes of which one has so many times the rows of another are told apart by more than the accuracy. */
const IMBALANCED = 4

/** Whose precision, recall and F1 are shown; where one class is rare also the averages that do not hide it. */
function describeAverages(metrics: Metrics, classes: readonly string[]): string[] {
  const { precision, recall, macro, weighted, balancedAccuracy, prAuc, perClass } = metrics
  const rows = perClass.map((scores) => scores.rows)
  const isImbalanced = Math.max(...rows) > IMBALANCED * Math.min(...rows)
  const averages = isImbalanced
    ? [
        `balanced accuracy ${number(balancedAccuracy)}`,
        `PR AUC ${number(prAuc)}`,
        ...(classes.length === 2 ? [`macro F1 ${number(macro.f1)}`] : []),
        `weighted F1 ${number(weighted.f1)}`,
      ]
    : []
  const positive = classes.length === 2 ? printable(classes[1]!) : undefined
  const of =
    positive === undefined
      ? []
      : [`precision ${number(precision)}`, `recall ${number(recall)}`, 'F1 above']
  return [
    ...(positive === undefined ? [] : [`${besideHeading(`of ${positive}`)}${of.join(' · ')}`]),
    ...(averages.length === 0 ? [] : [`imbalanced ${averages.join(' · ')}`]),
    ...describeAbsent(metrics, classes),
  ]
}

/** What a line is about, with the space before what is said of it: two cells at least. */
function besideHeading(title: string): string {
  const shown = cut(title, MOST_TITLE)
  return widthOf(shown) < HEADING ? fit(shown, HEADING) : `${shown}  `
}

/** Says which classes the areas leave out. */
function describeAbsent(metrics: Metrics, classes: readonly string[]): string[] {
  const absent = classesWithoutRows(metrics).map((label) => classes[label]!)
  if (absent.length === 0) return []
  const others = absent.length === 1 ? 'which has' : 'which have'
  return [`areas     without ${listNames(absent)}, ${others} no row here`]
}

function describeFolds(result: CrossValidation): string[] {
  const summaries = summariseFolds(result)
  const { folds, repeats } = result
  return [
    headLine(`cv ${folds}${repeats > 1 ? ` × ${repeats}` : ''}`),
    rowLine('mean', (name) => number(summaries[name]?.mean)),
    rowLine('± sd', (name) => number(summaries[name]?.sd)),
  ]
}

/** Cells that a class needs in the confusion matrix. */
const LEAST_CLASS = 10
/** Classes whose confusion matrix is printed. */
const MOST_CLASSES = 8

function describeConfusion(metrics: Metrics, classes: readonly string[], cells: number): string[] {
  if (classes.length > MOST_CLASSES)
    return [`confusion of ${classes.length} classes: in report.html`]
  const names = classes.map(printable)
  const widest = Math.max(8, ...names.map((name) => Math.min(25, widthOf(name) + 5)))
  const room = Math.floor((cells - HEADING) / (classes.length + 1)) - 2
  const width = Math.max(LEAST_CLASS, Math.min(widest, room))
  const head = names.map((name) => fit(cut(`said ${name}`, width), width + 2, 'right'))
  const rows = metrics.confusion.map((counts, k) => [
    fit(`was ${names[k]}`, width),
    ...counts.map((count) => String(count).padStart(width + 2)),
  ])
  return [
    ['confusion ', ' '.repeat(width), ...head],
    ...rows.map((row) => [' '.repeat(HEADING), ...row]),
  ].map((line) => line.join(''))
}

const [LEAST_BAR, MOST_BAR] = [6, 24]
/** Cells of a mean |SHAP value|, with what stands around it. */
const MEAN = 12
const MOST_DIRECTION = 24

function describeImportance(report: TrainReport, cells: number): string[] {
  const { artifact, importance, space } = report
  // Of two classes the values of one are those of the other negated: then there is a direction.
  const [output, ...others] = artifact.importance.outputNames
  const isOne = others.length === 0
  const most = importance[0]?.meanAbsShap ?? 0
  const { labels } = artifact
  const { target } = artifact.plan
  const rows = labelImportance(report, MOST_COLUMNS)
  const names = Math.max(0, ...rows.map(({ name }) => Math.min(28, widthOf(printable(name)))))
  const directions = isOne
    ? Math.max(
        9,
        ...rows.map(({ direction }) => Math.min(MOST_DIRECTION, widthOf(printable(direction)))),
      )
    : 0
  const room = cells - names - MEAN - directions - 2
  const bars = Math.max(LEAST_BAR, Math.min(MOST_BAR, room))
  const width = Math.min(names, Math.max(LEAST_BAR, cells - bars - MEAN - directions - 2))
  const of = isOne
    ? `${spaceLabels[space]} of ${columnLabel(labels, target)} = ${classLabel(labels, target, output!)}`
    : `${spaceLabels[space]}, mean over classes`
  const left = width + bars + MEAN
  const heading = wrap(
    printable(`why (mean |SHAP|, ${of})`),
    isOne && Number.isFinite(cells) ? left : cells,
    2,
  )
  if (isOne) {
    const last = heading.pop()!
    heading.push(`${fit(last, Math.max(left, widthOf(last)))}  direction`)
  }
  const shown = cutAll(
    rows.map(({ name }) => printable(name)),
    width,
  )
  const lines = rows.map(({ meanAbsShap, direction }, i) => {
    const texts = [
      fit(shown[i]!, width),
      fit(bar(most > 0 ? meanAbsShap / most : 0, bars), bars),
      meanAbsShap.toFixed(4).padStart(8),
      isOne ? cut(printable(direction), Math.max(directions, cells - left - 2)) : '',
    ]
    return texts.join('  ').trimEnd()
  })
  return [
    ...heading,
    ...lines,
    ...(importance.length > MOST_COLUMNS ? [`and ${importance.length - MOST_COLUMNS} more`] : []),
  ]
}

/** Returns the table of a search's trials, best first; empty for a training without one. */
export function describeTrials(report: TrainReport | TuneReport, cells: number): string {
  if (!('search' in report)) return ''
  const { metric, folds, resource, ranking } = report.search
  const unit = resource === 'rows' ? resource : report.estimator.unit
  const searched = Object.keys(report.artifact.params).filter((name) => isSearched(ranking, name))
  const lines = ranking.slice(0, MOST_TRIALS).map(({ trial, rungs, params, error }) => {
    const last = rungs.at(-1)
    const texts = [
      String(trial).padStart(5),
      number(last?.mean).padStart(8),
      number(last?.sd).padStart(8),
      String(last?.resource ?? '-').padStart(8),
      error === undefined
        ? searched.map((name) => `${name}=${params[name] ?? 'none'}`).join(' ')
        : printable(error).slice(0, 80),
    ]
    return texts.join('  ')
  })
  const head = ['trial', metric.padStart(8), '± sd'.padStart(8), unit.padStart(8), 'parameters']
  const rest = ranking.length - lines.length
  const more = rest > 0 ? [`and ${rest} more, in trials.json`] : []
  return `${[`search    ${counted(ranking.length, 'trial')}, mean over ${folds} folds`, head.join('  '), ...lines, ...more].flatMap((line) => wrap(line, cells, TRIAL)).join('\n')}\n\n`
}

/** Whether the trials differ in a parameter. */
function isSearched(ranking: readonly Trial[], name: string): boolean {
  return new Set(ranking.map(({ params }) => params[name])).size > 1
}
