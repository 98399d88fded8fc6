import type { Artifact } from '../artifact/artifact.ts'
import type { TrainReport } from '../train.ts'

/** Returns MODEL_CARD.md of a training: what was learned from what, how good it is, what it must not be used for. */
export function writeModelCard(report: TrainReport): string {
  const { artifact, test, importance } = report
  const { training, plan, classes, preprocessor } = artifact
  const space = artifact.model.kind === 'linear' ? 'log-odds' : 'probability'
  const metricRows: [string, number | null, number | null][] = test
    ? [
        ['accuracy', test.model.accuracy, test.majority.accuracy],
        ['balanced accuracy', test.model.balancedAccuracy, test.majority.balancedAccuracy],
        ['ROC AUC', test.model.rocAuc, test.majority.rocAuc],
        ['PR AUC', test.model.prAuc, test.majority.prAuc],
        ['log loss', test.model.logLoss, test.majority.logLoss],
        ['F1', test.model.f1, test.majority.f1],
        ['Brier', test.model.brier, test.majority.brier],
      ]
    : []
  const sections = [
    `# Model card: ${inline(plan.target)}`,
    `A ${artifact.estimator.replaceAll('_', ' ')} (engine ${artifact.engine}) that predicts ${inline(plan.target)}, one of ${classes.map(inline).join(', ')}. Model id \`${artifact.modelId}\`.`,
    `## Data\n\n${training.rows} labelled rows: ${training.trainRows} for training, ${training.testRows} for testing (stratified, seed ${training.seed}). SHA-256 of the data \`${training.sha256}\`.`,
    `## Columns\n\n${table(
      ['column', 'type', 'may be missing', 'seen in training'],
      preprocessor.inputs.map((input) => [
        inline(input.name),
        input.type,
        input.nullable ? 'yes' : 'no',
        describeValues(input),
      ]),
    )}`,
    plan.dropped.length > 0
      ? `Not used:\n\n${table(
          ['column', 'reason'],
          plan.dropped.map(({ column, reason }) => [inline(column), inline(reason)]),
        )}`
      : '',
    test
      ? `## Quality on the test rows\n\n${table(
          ['metric', 'model', 'majority class'],
          metricRows.map(([name, model, majority]) => [name, fixed(model), fixed(majority)]),
        )}`
      : '## Quality\n\nNot measured: no row was left for testing.',
    `## What it looks at\n\nMean |SHAP value| in ${space} over ${artifact.importance.rows} training rows.\n\n${table(
      ['column', 'mean abs SHAP', 'direction'],
      importance.map(({ column, meanAbsShap, direction }) => [
        inline(column),
        meanAbsShap.toFixed(4),
        inline(direction),
      ]),
    )}`,
    `## Parameters\n\n${table(
      ['parameter', 'value'],
      Object.entries(artifact.params).map(([name, value]) => [name, String(value)]),
    )}`,
    training.warnings.length > 0
      ? `## Warnings at training\n\n${training.warnings.map((line) => `- ${inline(line)}`).join('\n')}`
      : '',
    '## Limits\n\nThe numbers above hold for rows like the training rows. SHAP values tell what moved this model, not what causes what. Categories not seen in training count as none of the known ones.',
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function fixed(value: number | null): string {
  return value === null ? '-' : value.toFixed(4)
}

/** Data as inline Markdown: no markup of its own, one line. */
function inline(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|]/g, (character) => `\\${character}`)
}
