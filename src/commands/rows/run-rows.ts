/** `shapserve predict` and `shapserve explain`: the routes' answers for files, without a server. */
import { availableParallelism } from 'node:os'
import { parseExplainOptions } from '../../answering/explain-options.ts'
import { InputError } from '../../errors.ts'
import type { LoadedModel } from '../../model-directory/read.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import { PART_BYTES } from '../../tables/row-files.ts'
import { withOwnNames } from '../labels/own-names.ts'
import { columnsOf } from '../output/standard-streams.ts'
import { coloursFor } from '../terminal.ts'
import { answerParts } from './answer-parts.ts'
import { createProgress } from './file-progress.ts'
import { type AnswerFormat, chooseFormat, isWholeDocument, numbersOnly } from './formats.ts'
import { hearWarnings } from './heard-warnings.ts'
import { openRows, withEncodingHint } from './open-rows.ts'
import { createRunner } from './part-runner.ts'
import type { RowsRequest } from './rows-request.ts'
import { summarise } from './summarise.ts'
import type { TextAnswer } from './text-answer.ts'

/**
 * Reads the rows of a file, answers them part by part and writes the answers in their order.
 * @throws InputError for a file, format or option that cannot be used, ArtifactError for a model that is refused
 */
export async function runRows(asked: RowsRequest): Promise<void> {
  const { operation } = asked
  const { model, file } = await openRows(asked)
  const request = { ...asked, options: withOwnNames(asked.options, model.artifact) }
  const isOnTerminal = request.out === '-' && process.stdout.isTTY === true
  const format = chooseFormat(request, file.format, isOnTerminal)
  checkRoom(request, format)
  const isWhole = !request.summary && isWholeDocument(format)
  const runner = createRunner(model, request.jobs ?? availableParallelism())
  const isWatched = isOnTerminal && !isWhole && !request.summary
  const progress = createProgress(operation, isWatched)
  const heard = hearWarnings()
  try {
    const partBytes = isWhole
      ? Number.POSITIVE_INFINITY
      : (request.partBytes ?? bytesOfParts(request, model.predictor))
    const parts = file.parts(model.predictor.preprocessor.spec, partBytes, request.keep)
    if (request.summary) await summarise(request, model, parts, runner, progress, heard)
    else {
      const text = textFor(request, model, isOnTerminal)
      await answerParts(request, format, model.predictor, parts, runner, progress, heard, text)
    }
    progress.close()
    heard.tell(request, format, model.predictor)
  } catch (error) {
    throw withEncodingHint(error)
  } finally {
    progress.close()
    await runner.close()
  }
}

/** @throws InputError `invalid_option` for what an answer has no room for */
function checkRoom(request: RowsRequest, format: AnswerFormat): void {
  const { keep, hasOutputHeader, summary } = request
  if (hasOutputHeader && format !== 'csv')
    throw new InputError('invalid_option', `--output-header is of CSV; ${format} has none`)
  if (keep && format === 'npy') throw numbersOnly()
  const isPicture = format === 'svg' || format === 'png'
  if (keep && (summary || isPicture))
    throw new InputError(
      'invalid_option',
      `--keep goes with answers row by row; a ${summary ? 'summary' : 'picture'} is of all rows`,
    )
}

/** Seconds that a part takes where rows are dear: answers come as they are made, and threads share the work. */
const PART_SECONDS = 0.25
/** Bytes that a column of a row takes at least, with what separates it. */
const CELL_BYTES = 6

/**
 * Returns how large the parts of a file are: the dearer a row to explain, the smaller. Those of a summary say how rows
 * are grouped, so they are the same for all models.
 */
function bytesOfParts({ operation, options, summary }: RowsRequest, predictor: Predictor): number {
  if (operation === 'predict' || summary) return PART_BYTES
  const asked = parseExplainOptions(options)
  predictor.checkOptions(asked)
  const secondsOf = (rows: number) => predictor.estimateSeconds(rows, asked)
  // What is built once is built by the first call, and counted in it.
  secondsOf(1)
  const seconds = (secondsOf(1001) - secondsOf(1)) / 1000
  const rows = Math.ceil(PART_SECONDS / Math.max(1e-9, seconds))
  return Math.min(PART_BYTES, rows * CELL_BYTES * predictor.preprocessor.featureNamesIn.length)
}

/** What explanations look like as text: in colours on a terminal, in its width; in a file as in a pipe. */
function textFor(
  { options }: RowsRequest,
  { artifact, predictor }: LoadedModel,
  isOnTerminal: boolean,
): TextAnswer {
  const { red, cyan } = coloursFor(process.stdout)
  const plain = (text: string) => text
  return {
    target: artifact.plan.target,
    classes: artifact.classes,
    labels: artifact.labels,
    shown: predictor.labelsFor(parseExplainOptions(options)),
    cells: isOnTerminal ? columnsOf(process.stdout) : Number.POSITIVE_INFINITY,
    colours: isOnTerminal ? { up: red, down: cyan } : { up: plain, down: plain },
  }
}
