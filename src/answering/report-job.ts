/** Writes the report of a model, as `shapserve report` does. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Predictor } from '../predictor/predictor.ts'
import type { JobResult, ReportJob } from './job.ts'

/** Longest computation of all pictures together, in estimated seconds: somebody waits for it. */
const MOST_SECONDS = 10

/** Returns the report as an HTML document, or undefined where others would wait for it and `inline` is set. */
export async function runReportJob(
  predictor: Predictor,
  { limits }: ReportJob,
  inline: boolean,
): Promise<JobResult | undefined> {
  if (inline) return undefined
  const { writeReport } = await import('../report/report.ts')
  const artifact = { ...predictor.artifact, modelId: predictor.modelId }
  const seconds = Math.min(MOST_SECONDS, limits.maxSeconds)
  const html = await writeReport(artifact, predictor, seconds, () => turn())
  return {
    body: new TextEncoder().encode(html),
    contentType: 'text/html; charset=utf-8',
    rows: 0,
    ignoredColumns: 0,
    unknownCategories: 0,
    warnings: 0,
  }
}
