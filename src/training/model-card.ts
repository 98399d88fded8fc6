/** MODEL_CARD.md: a trained model for people. */
import type { Artifact } from '../artifact/artifact.ts'
import { inline, list, table } from '../artifact/card-text.ts'
import { labelModel } from '../artifact/labelled-model.ts'
import { type MetricName, metricNames, metricTitles } from '../evaluation/metric-names.ts'
import { classesWithoutRows, type Metrics } from '../evaluation/metrics.ts'
import { spaceLabels } from '../shap/explanation.ts'
import { type CrossValidation, summariseFolds } from './cross-validation.ts'
import { labelImportance } from './labelled-importance.ts'
import type { Evaluation } from './measure.ts'
import type { TrainReport } from './train-report.ts'

/** Returns MODEL_CARD.md of a training: what was learned from what, how good it is, what it must not be used for. */
export function writeModelCard(report: TrainReport): string {
  const { test, channels, crossValidation } = report
  const artifact = labelModel(report.artifact)
  const { training, plan, classes, preprocessor } = artifact
  const sections = [
    `# Model card: ${inline(plan.target)}`,
    `A ${report.estimator.title} (engine ${artifact.engine}) that predicts ${inline(plan.target)}, one of ${classes.map(inline).join(', ')}. Model id \`${artifact.modelId}\`.`,
    training.interrupted === true
      ? '**The training was interrupted**: this is what was done by then, not all that was asked for.'
      : '',
    `## Data\n\n${training.rows} labelled rows: ${training.trainRows} for training, ${training.testRows} for testing (stratified, seed ${training.seed}). SHA-256 of the data \`${training.sha256}\`.`,
    `## Columns\n\n${list(
      ['column', 'type', 'may be missing', 'seen in training'],
      preprocessor.inputs,
      (input) => [
        inline(input.name),
        input.type,
        input.nullable ? 'yes' : 'no',
        describeValues(input),
      ],
    )}`,
    plan.dropped.length > 0
      ? `Not used:\n\n${list(['column', 'reason'], plan.dropped, ({ column, reason }) => [
          inline(column),
          inline(reason),
        ])}`
      : '',
    test ? describeQuality('the test rows', test, classes) : '',
    ...[...channels].map(([name, evaluation]) =>
      describeQuality(`the ${name} channel`, evaluation, classes),
    ),
    test || channels.size > 0 ? '' : '## Quality\n\nNot measured: no row was left for testing.',
    crossValidation ? describeFolds(crossValidation) : '',
    describeImportance(report),
    `## Parameters\n\n${table(
      ['parameter', 'value'],
      Object.entries(artifact.params).map(([name, value]) => [name, String(value)]),
    )}`,
    artifact.trials
      ? 'Found by a search over the training rows; its trials are in `trials.json`.'
      : '',
    training.warnings.length > 0
      ? `## Warnings at training\n\n${training.warnings.map((line) => `- ${inline(line)}`).join('\n')}`
      : '',
    '## Limits\n\nThe numbers above hold for rows like the training rows. SHAP values tell what moved this model, not what causes what. Categories not seen in training count as none of the known ones.',
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

const titles = Object.entries(metricTitles) as [MetricName, string][]

function describeQuality(
  rows: string,
  { model, majority, intervals }: Evaluation,
  classes: readonly string[],
): string {
  const metrics = table(
    ['metric', 'model', '95 % interval', 'majority class'],
    titles.map(([name, title]) => {
      const key = metricNames[name]
      const interval = intervals.of[key]
      return [
        title,
        fixed(model[key]),
        interval ? interval.map(fixed).join(' to ') : '-',
        fixed(majority[key]),
      ]
    }),
  )
  const perClass = table(
    ['class', 'rows', 'precision', 'recall', 'F1', 'ROC AUC', 'PR AUC'],
    model.perClass.map((scores, k) => [
      inline(classes[k]!),
      String(scores.rows),
      ...[scores.precision, scores.recall, scores.f1, scores.rocAuc, scores.prAuc].map(fixed),
    ]),
  )
  const whose =
    classes.length === 2
      ? `precision, recall, F1 and PR AUC are of ${inline(classes[1]!)}, the positive class`
      : `precision, recall, F1 and the areas are means over the classes${describeAbsent(model, classes)}`
  const method = `${model.rows} rows; ${whose}; intervals by ${intervals.resamples} bootstrap samples.`
  return `## Quality on ${rows}\n\n${method}\n\n${metrics}\n\n${perClass}`
}

/** Says which classes the areas leave out. */
function describeAbsent(model: Metrics, classes: readonly string[]): string {
  const absent = classesWithoutRows(model).map((label) => inline(classes[label]!))
  return absent.length === 0
    ? ''
    : `, the areas without those that have no row: ${absent.join(', ')}`
}

function describeFolds(result: CrossValidation): string {
  const summaries = summariseFolds(result)
  const { folds, repeats, rows, scores } = result
  const parts = `${folds} folds${repeats > 1 ? `, ${repeats} times` : ''}`
  const done = scores.length < folds * repeats ? `, interrupted after ${scores.length}` : ''
  return `## Cross-validation\n\n${rows} training rows in ${parts}${done}.\n\n${table(
    ['metric', 'mean', 'sd', 'folds'],
    titles.map(([name, title]) => [
      title,
      fixed(summaries[name]?.mean),
      fixed(summaries[name]?.sd),
      String(summaries[name]?.folds ?? 0),
    ]),
  )}`
}

function describeImportance(report: TrainReport): string {
  const { artifact, importance, space, permutation } = report
  const metric = permutation?.metric === 'roc_auc' ? 'drop of ROC AUC' : 'rise of log loss'
  const lost = new Map((permutation?.columns ?? []).map(({ column, mean }) => [column, mean]))
  const shuffled =
    lost.size < importance.length ? `, of the ${lost.size} that push most or not at all` : ''
  const hasImpurity = importance.some(({ impurity }) => impurity !== undefined)
  return `## What it looks at\n\nMean |SHAP value| in ${spaceLabels[space]} over ${artifact.importance.rows} training rows${permutation ? `; ${metric} when a column is shuffled, over ${permutation.rows} rows${shuffled}` : ''}.\n\n${list(
    [
      'column',
      'mean abs SHAP',
      'direction',
      ...(permutation ? [metric] : []),
      ...(hasImpurity ? ['share of the impurity decrease'] : []),
    ],
    labelImportance(report),
    ({ column, name, meanAbsShap, direction, impurity }) => [
      inline(name),
      meanAbsShap.toFixed(4),
      inline(direction),
      ...(permutation ? [fixed(lost.get(column))] : []),
      ...(hasImpurity ? [fixed(impurity)] : []),
    ],
  )}`
}

function describeValues(input: Artifact['preprocessor']['inputs'][number]): string {
  if (input.categories) {
    const shown = input.categories
      .slice(0, 12)
      .map((category) => inline(String(category)))
      .join(', ')
    return input.categories.length > 12
      ? `${shown} and ${input.categories.length - 12} more`
      : shown
  }
  return input.range
    ? `${input.range.minimum} to ${input.range.maximum}, median ${input.range.median}`
    : 'text'
}

function fixed(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : value.toFixed(4)
}
