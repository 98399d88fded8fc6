/** `shapserve inspect`: what is in a model directory, after everything in it has been verified. */
import { readModelDirectory } from '../model-directory/read.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { createOutput } from './terminal.ts'

/** Verifies a model directory and writes what is in it; throws ArtifactError when it is refused. */
export async function runInspect(directory: string, json: boolean): Promise<void> {
  const { artifact, predictor, files, extraFiles } = await readModelDirectory(directory)
  const output = createOutput({ quiet: false })
  if (json) {
    output.result(`${JSON.stringify(buildCard(artifact, predictor))}\n`)
    return
  }
  const { classes, model, plan, preprocessor, training } = artifact
  const size =
    model.kind === 'trees'
      ? `${model.roots.length} trees, ${model.feature.length} nodes`
      : `${model.intercepts.length} scores`
  const lines = [
    `model     ${artifact.modelId}   ${artifact.estimator}, engine ${artifact.engine}: ${size}`,
    `target    ${plan.target}   ${classes.length} classes: ${classes.join(', ')}`,
    `data      ${training.rows} rows, ${training.trainRows} train, ${training.testRows} test, seed ${training.seed}, sha256 ${training.sha256.slice(0, 16)}…${training.interrupted === true ? ', interrupted' : ''}`,
    ...preprocessor.inputs.map(({ name, type, nullable, categories, range }, i) => {
      const seen = categories
        ? categories.slice(0, 8).join(', ') + (categories.length > 8 ? ', …' : '')
        : range
          ? `${range.minimum} to ${range.maximum}`
          : 'text'
      return `${i === 0 ? 'columns   ' : '          '}${name}   ${type}${nullable ? ', may be missing' : ''}   ${seen}`
    }),
    `explains  ${predictor.explainer.space}, ${predictor.explainer.method}`,
    ...[...files].map(
      ([name, bytes], i) =>
        `${i === 0 ? 'files     ' : '          '}${name}   ${bytes.length} bytes`,
    ),
    ...(extraFiles.length > 0 ? [`          not read: ${extraFiles.slice(0, 10).join(', ')}`] : []),
    'verified  sizes, checksums, structure, self-test',
  ]
  output.result(`${lines.join('\n')}\n`)
}
