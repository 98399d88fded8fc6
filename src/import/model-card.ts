/** MODEL_CARD.md of an imported model. */
import type { Artifact } from '../artifact/artifact.ts'
import { enumerate, inline, list } from '../artifact/card-text.ts'
import { labelModel } from '../artifact/labelled-model.ts'

/** Returns the card: where the model is from, its columns, and what its file does not say. */
export function writeImportedCard(artifact: Artifact, notes: readonly string[]): string {
  const { plan, classes, preprocessor, training, engine, metrics } = labelModel(artifact)
  const columns = list(
    ['column', 'type', 'categories'],
    preprocessor.inputs,
    ({ name, type, categories }) =>
      [name, type, categories ? categories.slice(0, 12).join(', ') : ''].map(inline),
  )
  const required = preprocessor.inputs.filter(({ nullable }) => !nullable).map(({ name }) => name)
  const missing =
    required.length === 0
      ? 'Every column may be missing.'
      : `Columns that may not be missing: ${enumerate(required)}.`
  const params = Object.entries(artifact.params).map(
    ([name, value]) => `- ${name}: ${inline(String(value))}`,
  )
  return `${[
    `# Model card: ${inline(plan.target)}`,
    `A model of ${inline(engine)} (${artifact.estimator}), imported, that predicts ${inline(plan.target)}, one of ${classes.map(inline).join(', ')}. Model id \`${artifact.modelId}\`.`,
    `## Origin\n\nSHA-256 of the imported file \`${training.sha256}\`.\n\n${params.join('\n')}`,
    `## Columns\n\n${missing}\n\n${columns}`,
    `## Quality\n\n${metrics.check ? `Compared with the library's answers: ${inline(JSON.stringify(metrics.check))}. ` : ''}It was trained elsewhere; nothing was measured here.`,
    `## Limits\n\n${notes.map((note) => `- ${inline(note)}`).join('\n')}\n- SHAP values tell what moved this model, not what causes what.`,
  ].join('\n\n')}\n`
}
