/** `explain --summary`: all rows' explanations as one summary. */
import { parseExplainOptions } from '../../answering/explain-options.ts'
import { decodeRows } from '../../answering/read-rows.ts'
import { writeSummary } from '../../artifact/stored-summary.ts'
import { InputError } from '../../errors.ts'
import type { LoadedModel } from '../../model-directory/read.ts'
import { planSummary, startSummary } from '../../predictor/summarize-rows.ts'
import { type GroupPlan, plansOf } from '../../shap/global-summary.ts'
import type { Part } from '../../tables/row-files.ts'
import { writeOutputFile } from '../output/output-file.ts'
import { columnsOf } from '../output/standard-streams.ts'
import type { Progress } from './file-progress.ts'
import type { HeardWarnings } from './heard-warnings.ts'
import { jobOf, mapParts } from './part-jobs.ts'
import { inOrder, type Runner } from './part-runner.ts'
import type { RowsRequest } from './rows-request.ts'
import { describeSummary } from './summary-table.ts'

/** Options that a summary takes; warnings are told beside it. */
const OPTIONS: readonly string[] = ['space', 'method', 'warnings']

/**
 * Sums up the rows in the groups of training where the model has some, or in those of the first part.
 * @throws InputError `invalid_option` for an option that a summary does not take, `empty_data` without a row
 */
export async function summarise(
  request: RowsRequest,
  { artifact, predictor }: LoadedModel,
  parts: AsyncIterable<Part>,
  runner: Runner,
  progress: Progress,
  heard: HeardWarnings,
): Promise<void> {
  const options = parseExplainOptions(request.options)
  const stranger = request.options.find(([name]) => !OPTIONS.includes(name))
  if (stranger)
    throw new InputError('invalid_option', `a summary takes space and method, not ${stranger[0]}`)
  predictor.checkOptions(options)
  let plans: readonly GroupPlan[] | undefined = artifact.summary && plansOf(artifact.summary)
  const jobs = mapParts(parts, async (part) => {
    const job = jobOf(request, part, 'json', true)
    plans ??= planSummary(predictor, (await decodeRows(predictor, job)).frame)
    return { ...job, summary: plans }
  })
  let total: ReturnType<typeof startSummary> | undefined
  for await (const { result, part } of inOrder(jobs, runner)) {
    total ??= startSummary(predictor, plans as readonly GroupPlan[], options)
    if (result.sums) total.builder.merge(result.sums)
    heard.add(part, result)
    await progress.show(part)
  }
  if (!total || total.builder.sums.rows === 0)
    throw new InputError('empty_data', 'there are no rows to sum up')
  const summary = total.finish()
  const isTable = request.out === '-' && request.format === undefined && process.stdout.isTTY
  const text = isTable
    ? describeSummary(summary, artifact, columnsOf(process.stdout))
    : `${JSON.stringify({ model_id: artifact.modelId, ...writeSummary(summary) })}\n`
  await writeOutputFile(request.out, text)
}
