/** `shapserve report`: the report of a model directory. */
import type { Command } from 'commander'
import { DEFAULT_MODEL_DIR, labelsOption, publicKeyOption } from './shared-flags.ts'

interface ReportFlags {
  readonly out: string
  readonly publicKey?: string
  readonly labels?: string
}

export function declareReport(program: Command): void {
  program
    .command('report')
    .description('write one HTML file about a model: quality, effects, columns, steps, origin')
    .argument('[dir]', 'the model directory', process.env.SM_MODEL_DIR || DEFAULT_MODEL_DIR)
    .option('--out <file>', 'file to write; - = standard output', 'report.html')
    .addOption(publicKeyOption())
    .addOption(labelsOption('for this run'))
    .action(writeReportOf)
}

/** Verifies a model directory and writes its report; throws ArtifactError when it is refused. */
async function writeReportOf(
  directory: string,
  { out, publicKey, labels }: ReportFlags,
): Promise<void> {
  // Whoever waits for a large model waits for its report.
  const { createOutput } = await import('./terminal.ts')
  const output = createOutput({ quiet: false })
  const { readModelDirectory } = await import('../model-directory/read.ts')
  const { readPublicKey } = await import('../model-directory/keys.ts')
  const { makeReport } = await import('../report/report.ts')
  const { omissionLine, REPORT_SECONDS } = await import('../report/left-out.ts')
  const { writeOutputFile } = await import('./output/output-file.ts')
  const key = publicKey ? await readPublicKey(publicKey) : undefined
  const { withLabels } = await import('./labels/label-loaded.ts')
  const model = await readModelDirectory(directory, undefined, key)
  const { artifact, predictor } = await withLabels(model, labels)
  const { html, omission } = await makeReport(artifact, predictor, REPORT_SECONDS, (done, total) =>
    output.progress('report', done, total, 'pictures'),
  )
  await writeOutputFile(out, html)
  if (omission.pictures.length > 0) output.note(omissionLine({ ...omission, later: 0 }, ''))
}
