/** `shapserve inspect`: what is in a model directory, after everything in it has been verified. */
import type { Command } from 'commander'
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
  const { buildCard } = await import('../predictor/describe-model.ts')
  const { describeDirectory } = await import('./inspect/describe-directory.ts')
  const { columnsOf } = await import('./output/standard-streams.ts')
  const { createOutput, printableJson } = await import('./terminal.ts')
  const key = publicKey ? await readPublicKey(publicKey) : undefined
  const loaded = await readModelDirectory(directory, undefined, key)
  const { artifact, predictor } = loaded
  const output = createOutput({ quiet: false })
  if (json) output.result(`${printableJson(JSON.stringify(buildCard(artifact, predictor)))}\n`)
  else output.lines(describeDirectory(loaded, key !== undefined, columnsOf(process.stdout)))
}
