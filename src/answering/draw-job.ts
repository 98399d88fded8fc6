/** Draws a model by what is stored with it: its summary, what was measured, its trees, or the sample of training rows. */
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { parseExplainOptions } from './explain-options.ts'
import type { DrawJob, JobResult } from './job.ts'
import { checkSeconds, INLINE_SECONDS } from './limits.ts'
import { encodePicture, isOfPixels, plotParameters } from './picture.ts'

const encoder = new TextEncoder()

/**
 * Returns the plot that a job names, or undefined when it would hold up the event loop for long and `inline` is set.
 * @throws InputError for a plot that there is not, for options, for what the model does not have, for what takes too long
 */
export async function runDrawJob(
  predictor: Predictor,
  job: DrawJob,
  inline: boolean,
): Promise<JobResult | undefined> {
  if (inline && isOfPixels(job.answer)) return undefined
  const drawn = await draw(predictor, job, inline)
  if (drawn === undefined) return undefined
  const encoded = await encodePicture(drawn, job.answer)
  return {
    body: typeof encoded === 'string' ? encoder.encode(encoded) : encoded,
    contentType: job.answer.essence,
    rows: 0,
    ignoredColumns: 0,
    unknownCategories: 0,
    warnings: 0,
  }
}

async function draw(
  predictor: Predictor,
  { plot: name, answer, options: given, limits }: DrawJob,
  inline: boolean,
): Promise<string | undefined> {
  const { drawModelPlot, drawPlot, findPlot } = await import('../plots/index.ts')
  const parameters = new Map([...plotParameters(answer), ['plot', name]])
  const stored = drawModelPlot(name, predictor.artifact, parameters)
  if (stored !== undefined) return stored
  const { interactions, rows } = findPlot(name)
  if (rows === 'one')
    throw new InputError(
      'one_row',
      `plot=${name} shows one row; send it to /explain, or name a file`,
    )
  const options = { ...parseExplainOptions(given), interactions }
  predictor.checkOptions(options)
  const seconds = predictor.estimateSeconds(predictor.sampleRows, options, !inline)
  checkSeconds(seconds, predictor.sampleRows, limits)
  // A hundred rows and more of many columns take longer to draw than to explain.
  if (inline && (seconds > INLINE_SECONDS || predictor.sampleRows > MOST_INLINE_ROWS))
    return undefined
  return drawPlot(predictor.explainSample(options), parameters)
}

/** Rows that are drawn where others wait for it. */
const MOST_INLINE_ROWS = 20
