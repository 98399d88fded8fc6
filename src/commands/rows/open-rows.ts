/** The model and the file that a command over rows is about. */
import { InputError, placed } from '../../errors.ts'
import { readPublicKey } from '../../model-directory/keys.ts'
import { type LoadedModel, readModelDirectory } from '../../model-directory/read.ts'
import { ENCODING_HINT } from '../../tables/formats/encoding.ts'
import { openRowFile, type RowFile } from '../../tables/row-files.ts'
import { withLabels } from '../labels/label-loaded.ts'
import { checkOutputIsNoInput } from '../output/same-file.ts'
import { createOutput } from '../terminal.ts'
import { inputFormats, readFormat } from './formats.ts'
import type { RowsRequest } from './rows-request.ts'

/**
 * Reads the model, opens the file and tells how it is written where that is not as usual.
 * @throws InputError for a file or format that cannot be used, ArtifactError for a model that is refused
 */
export async function openRows(
  request: RowsRequest,
): Promise<{ readonly model: LoadedModel; readonly file: RowFile }> {
  const { file: path, modelDir, publicKey, labels, inputFormat, out, reading, hasHeader } = request
  const format =
    inputFormat === undefined ? undefined : readFormat('--input-format', inputFormat, inputFormats)
  await checkOutputIsNoInput(out, path, modelDir)
  const key = publicKey ? await readPublicKey(publicKey) : undefined
  const model = await withLabels(await readModelDirectory(modelDir, undefined, key), labels)
  const file = await openRowFile(path, { format, reading, hasHeader })
  const { note } = createOutput({ quiet: false })
  if (file.notes.length > 0) note(`data      ${[path, ...file.notes].join(' · ')}`)
  return { model, file }
}

/** Names the flag that may help against bytes that are not UTF-8. */
export function withEncodingHint(error: unknown): unknown {
  if (!(error instanceof InputError) || error.code !== 'invalid_utf8') return error
  return new InputError(error.code, placed`${error.text}; ${ENCODING_HINT}`, error.places)
}
