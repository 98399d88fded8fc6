/** Whether a table has the columns that flags name: asked here, because a job that finds it out has been waited and paid for. */
import { normalText } from '../../../data/text.ts'
import { didYouMean, InputError, quote } from '../../../errors.ts'
import { examineFile } from '../../../tables/file-form.ts'
import { openInputFile } from '../../../tables/input-files.ts'
import type { TrainRequest } from '../../training/train-request.ts'

/** What is asked of a training, as far as it names columns. */
type Named = Pick<TrainRequest, 'header' | 'target' | 'weight' | 'roles' | 'source'>

/**
 * Looks at the header of a CSV file; what has no header in sight is left to the training.
 * @throws InputError `unknown_column`, `invalid_file`
 */
export async function checkColumns(path: string, request: Named): Promise<void> {
  const { header, target, weight, roles, source } = request
  if (header !== 'present') return
  const names = await readHeader(path, source.reading)
  // An ordinal column may stand there with its order.
  const said = [...roles].flatMap(([name, role]) => (role === 'ordinal' ? [] : [name]))
  const asked = [target, weight, ...said].filter((name) => name !== undefined)
  const missing = asked.find((name) => names.length > 0 && !names.includes(normalText(name)))
  if (missing !== undefined)
    throw new InputError(
      'unknown_column',
      `the table has no column ${quote(missing)}${didYouMean(missing, names)}`,
    )
}

async function readHeader(path: string, reading: Named['source']['reading']): Promise<string[]> {
  const file = await openInputFile(path)
  try {
    const { format, examined } = await examineFile(file, { reading })
    const isPlain = format === 'csv' && examined.titles === 0 && !examined.hasRowNames
    return isPlain ? examined.header.map(normalText) : []
  } finally {
    await file.close()
  }
}
