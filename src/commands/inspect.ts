/** `shapserve inspect`: what is in a model directory, after everything in it has been verified. */
import type { Command } from 'commander'
import type { Written } from '../data/written.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { ExplainerOffer } from '../models/model.ts'
import { DEFAULT_MODEL_DIR, publicKeyOption } from './shared-flags.ts'

export function declareInspect(program: Command): void {
  program
    .command('inspect')
    .description('verify a model directory and show what is in it')
    .argument('[dir]', 'the directory', process.env.SM_MODEL_DIR || DEFAULT_MODEL_DIR)
    .addOption(publicKeyOption())
    .option('--json', 'the model card as JSON')
    .action((directory: string, { json, publicKey }: { json?: true; publicKey?: string }) =>
      inspect(directory, json === true, publicKey),
    )
}

/** Verifies a model directory and writes what is in it; throws ArtifactError when it is refused. */
async function inspect(directory: string, json: boolean, publicKey?: string): Promise<void> {
  const { readModelDirectory } = await import('../model-directory/read.ts')
  const { readPublicKey } = await import('../model-directory/keys.ts')
  const { kindOf } = await import('../models/index.ts')
  const { buildCard } = await import('../predictor/describe-model.ts')
  const { describeWritten } = await import('../preprocess/written/describe-written.ts')
  const { createOutput, printable, printableJson } = await import('./terminal.ts')
  const loaded = await readModelDirectory(
    directory,
    undefined,
    publicKey ? await readPublicKey(publicKey) : undefined,
  )
  const { artifact, predictor } = loaded
  const text = json
    ? printableJson(JSON.stringify(buildCard(artifact, predictor)))
    : describeDirectory(
        loaded,
        kindOf(artifact.model).describeSize(artifact.model),
        Boolean(publicKey),
        describeWritten,
      )
        .map(printable)
        .join('\n')
  createOutput({ quiet: false }).result(`${text}\n`)
}

/** What the model can be explained by, or why it cannot. */
function describeExplanation([offer]: readonly ExplainerOffer[]): string {
  return offer === undefined ? '' : (offer.refusal ?? `${offer.space}, ${offer.method}`)
}

function describeDirectory(
  loaded: LoadedModel,
  size: string,
  isSigned: boolean,
  describeWritten: (written: Written) => string,
): string[] {
  const { artifact, predictor, files, extraFiles } = loaded
  const { classes, plan, preprocessor, training } = artifact
  return [
    `model     ${artifact.modelId}   ${artifact.estimator}, engine ${artifact.engine}: ${size}`,
    `target    ${plan.target}   ${classes.length} classes: ${classes.join(', ')}${classes.length === 2 ? `; positive ${classes[1]}` : ''}`,
    `data      ${training.rows} rows, ${training.trainRows} train, ${training.testRows} test, seed ${training.seed}, sha256 ${training.sha256.slice(0, 16)}…${training.interrupted === true ? ', interrupted' : ''}`,
    ...preprocessor.inputs.map(({ name, type, nullable, categories, range, written }, i) => {
      const seen = categories
        ? categories.slice(0, 8).join(', ') + (categories.length > 8 ? ', …' : '')
        : range
          ? `${range.minimum} to ${range.maximum}`
          : type === 'number'
            ? 'values not known'
            : written?.date
              ? 'dates'
              : 'text'
      return `${i === 0 ? 'columns   ' : '          '}${name}   ${type}${nullable ? ', may be missing' : ''}   ${written ? `${describeWritten(written)}   ` : ''}${seen}`
    }),
    `explains  ${describeExplanation(predictor.offers)}`,
    ...[...files].map(
      ([name, bytes], i) =>
        `${i === 0 ? 'files     ' : '          '}${name}   ${bytes.length} bytes`,
    ),
    ...(extraFiles.length > 0 ? [`          not read: ${extraFiles.slice(0, 10).join(', ')}`] : []),
    `verified  sizes, checksums, structure, self-test${isSigned ? ', signature' : ''}`,
  ]
}
