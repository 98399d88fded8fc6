/** `shapserve export`: a model directory as a file that other programs run. */
import { type Command, Option } from 'commander'
import { type InputForm, inputForms } from '../export/onnx/columns.ts'
import { DEFAULT_MODEL_DIR, publicKeyOption } from './shared-flags.ts'

interface ExportFlags {
  readonly out: string
  readonly inputs: InputForm
  readonly publicKey?: string
  readonly json?: true
}

export function declareExport(program: Command): void {
  const command = program
    .command('export')
    .description('write a model for other programs')
    .showSuggestionAfterError()
  command
    .command('onnx')
    .description('write a model with its preprocessing as ONNX')
    .argument('[dir]', 'the model directory', process.env.SM_MODEL_DIR || DEFAULT_MODEL_DIR)
    .addOption(publicKeyOption())
    .option('--out <file>', 'file to write; - = standard output', 'model.onnx')
    .addOption(
      new Option(
        '--inputs <form>',
        'columns: one input per column; derived: derived columns are inputs themselves; features: one input with the features that preprocessing makes',
      )
        .choices(inputForms)
        .default('columns'),
    )
    .option('--json', 'the result as JSON')
    .action((directory: string, flags: ExportFlags) => exportModel(directory, flags))
}

/** Verifies a model directory and writes its model; throws InputError or ArtifactError with one line. */
async function exportModel(
  directory: string,
  { out, inputs: form, publicKey, json }: ExportFlags,
): Promise<void> {
  const { readModelDirectory } = await import('../model-directory/read.ts')
  const { readPublicKey } = await import('../model-directory/keys.ts')
  const { exportOnnx } = await import('../export/onnx/onnx.ts')
  const { checkOutputIsNoInput } = await import('./output/same-file.ts')
  const { writeOutputFile } = await import('./output/output-file.ts')
  const { sizeOf } = await import('./output/file-size.ts')
  const { createOutput, printableJson } = await import('./terminal.ts')
  await checkOutputIsNoInput(out, '-', directory)
  const key = publicKey ? await readPublicKey(publicKey) : undefined
  const { artifact } = await readModelDirectory(directory, undefined, key)
  const { bytes, inputs, outputs, featureNames } = exportOnnx(artifact, form)
  await writeOutputFile(out, bytes)
  if (out === '-') return
  const { classes, modelId } = artifact
  const output = createOutput({ quiet: false })
  if (json) {
    const told = { model_id: modelId, file: out, bytes: bytes.length, inputs, outputs, classes }
    output.result(`${printableJson(JSON.stringify({ ...told, feature_names: featureNames }))}\n`)
    return
  }
  const shown = inputs
    .slice(0, 20)
    .map(({ name, type, width }) => `${name} (${type} [rows, ${width}])`)
  const lines = [
    `inputs    ${shown.join(', ')}${inputs.length > 20 ? `, … ${inputs.length} in all` : ''}`,
    `outputs   ${outputs[0]} [rows], ${outputs[1]} [rows, ${classes.length}]: ${classes.slice(0, 20).join(', ')}${classes.length > 20 ? ', …' : ''}`,
    'missing   NaN for a number, an empty text for a text',
    `saved     ${out}   ${sizeOf(bytes.length)}   model ${modelId}`,
  ]
  output.lines(lines)
}
