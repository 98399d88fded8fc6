/** Explains the sample of training rows that is stored with a model, as JSON. */
import { json } from '../codecs/json.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { parseExplainOptions } from './explain-options.ts'
import type { JobResult, SampleJob } from './job.ts'
import { checkSeconds, INLINE_SECONDS } from './limits.ts'

const encoder = new TextEncoder()
/** Values that are explained and written where others wait for it: about a millisecond. */
const INLINE_VALUES = 1000

/**
 * Returns the explanations of the stored sample, or undefined when they would hold up the event loop for long and
 * `inline` is set.
 * @throws InputError for options, for a model without a sample, for what takes too long
 */
export function runSampleJob(
  predictor: Predictor,
  { options: given, limits }: SampleJob,
  inline: boolean,
): JobResult | undefined {
  const options = parseExplainOptions(given)
  predictor.checkOptions(options)
  const rows = predictor.sampleRows
  const seconds = predictor.estimateSeconds(rows, options, !inline)
  checkSeconds(seconds, rows, limits)
  const values = rows * predictor.preprocessor.featureNamesIn.length
  if (inline && (seconds > INLINE_SECONDS || values > INLINE_VALUES)) return undefined
  const explanations = predictor.explainSample(options)
  const text = json.encodeExplanations(explanations, {
    format: 'json',
    mediaParameters: new Map(),
  })
  return {
    body: encoder.encode(text),
    contentType: 'application/json',
    rows: 0,
    ignoredColumns: 0,
    unknownCategories: 0,
    warnings: 0,
  }
}
