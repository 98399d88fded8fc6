/** `shapserve predict` and `shapserve explain`: the routes' answers for files, without a server. */
import { availableParallelism } from 'node:os'
import { InputError, placed } from '../../errors.ts'
import { readPublicKey } from '../../model-directory/keys.ts'
import { readModelDirectory } from '../../model-directory/read.ts'
import { ENCODING_HINT } from '../../tables/formats/encoding.ts'
import { openRowFile, PART_BYTES } from '../../tables/row-files.ts'
import { checkOutputIsNoInput } from '../output/same-file.ts'
import { createOutput } from '../terminal.ts'
import { answerParts } from './answer-parts.ts'
import { createProgress } from './file-progress.ts'
import { chooseFormat, inputFormats, isWholeDocument, readFormat } from './formats.ts'
import { hearWarnings } from './heard-warnings.ts'
import { createRunner } from './part-runner.ts'
import type { RowsRequest } from './rows-request.ts'
import { summarise } from './summarise.ts'

/**
 * Reads the rows of a file, answers them part by part and writes the answers in their order.
 * @throws InputError for a file, format or option that cannot be used, ArtifactError for a model that is refused
 */
export async function runRows(request: RowsRequest): Promise<void> {
  const { operation } = request
  const given =
    request.inputFormat === undefined
      ? undefined
      : readFormat('--input-format', request.inputFormat, inputFormats)
  await checkOutputIsNoInput(request.out, request.file, request.modelDir)
  const model = await readModelDirectory(
    request.modelDir,
    undefined,
    request.publicKey ? await readPublicKey(request.publicKey) : undefined,
  )
  const { reading, hasNoHeader } = request
  const file = await openRowFile(request.file, { format: given, reading, hasNoHeader })
  const { note } = createOutput({ quiet: false })
  if (file.notes.length > 0) note(`data      ${[request.file, ...file.notes].join(' · ')}`)
  const format = chooseFormat(request, file.format)
  const isWhole = !request.summary && isWholeDocument(format)
  const partBytes = isWhole ? Number.POSITIVE_INFINITY : (request.partBytes ?? PART_BYTES)
  const runner = createRunner(model, request.jobs ?? availableParallelism())
  const progress = createProgress(operation)
  const heard = hearWarnings()
  try {
    const parts = file.parts(model.predictor, partBytes)
    if (request.summary) await summarise(request, model, parts, runner, progress, heard)
    else await answerParts(request, format, parts, runner, progress, heard)
    progress.close()
    heard.tell(request, format, model.predictor)
  } catch (error) {
    throw withEncodingHint(error)
  } finally {
    progress.close()
    await runner.close()
  }
}

/** Names the flag that may help against bytes that are not UTF-8. */
function withEncodingHint(error: unknown): unknown {
  if (!(error instanceof InputError) || error.code !== 'invalid_utf8') return error
  return new InputError(error.code, placed`${error.text}; ${ENCODING_HINT}`, error.places)
}
