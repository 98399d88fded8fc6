/** Explained rows as a plot. */
import type { Encoded } from '../codecs/codec.ts'
import type { DataFrame } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { ExplainRequest } from './explain-options.ts'
import type { JobResult, RowJob } from './job.ts'
import { checkExplanation, checkSeconds, INLINE_SECONDS } from './limits.ts'
import { encodePicture, isOfPixels, plotParameters, rowsShown } from './picture.ts'

/** Values that are drawn where others wait for it: a few milliseconds. */
const INLINE_VALUES = 500
/** Numbers of interaction values that are held at once. */
const MOST_PAIRS = 2 ** 25

/**
 * Returns a plot of a job's rows, or undefined when it would hold up the event loop for long and `inline` is set.
 * @throws InputError for a plot that there is not or that cannot show these rows, and for what costs too much
 */
export async function drawRows(
  predictor: Predictor,
  { answer, limits }: Pick<RowJob, 'answer' | 'limits'>,
  sent: DataFrame,
  options: ExplainRequest,
  { finish, inline }: { finish(encoded: Encoded): JobResult; inline: boolean },
): Promise<JobResult | undefined> {
  const columns = predictor.preprocessor.featureNamesIn.length
  if (inline && (isOfPixels(answer) || sent.length * columns > INLINE_VALUES)) return undefined
  const { DEFAULT_PLOT, drawPlot, findPlot } = await import('../plots/index.ts')
  const parameters = plotParameters(answer)
  const plot = findPlot(parameters.get('plot') ?? DEFAULT_PLOT)
  const frame = rowsShown(sent, plot, parameters)
  const { interactions } = plot
  const asked = { ...options, interactions }
  if (interactions) {
    predictor.checkOptions(asked)
    const pairs = frame.length * columns * columns
    if (pairs > MOST_PAIRS)
      throw new InputError(
        'too_large',
        `interactions of ${frame.length} rows of ${columns} columns are too many to be drawn, of ${Math.floor(MOST_PAIRS / columns ** 2)} rows they could be`,
      )
  }
  const plain = { ...asked, interactions: undefined }
  checkExplanation(predictor, frame, plain, limits, !inline)
  const seconds = predictor.estimateSeconds(frame.length, asked, !inline)
  if (inline && seconds > INLINE_SECONDS) return undefined
  if (interactions) checkSeconds(seconds, frame.length, limits)
  return finish(await encodePicture(drawPlot(predictor.explain(frame, asked), parameters), answer))
}
