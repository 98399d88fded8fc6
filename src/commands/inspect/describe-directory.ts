/** What is in a model directory, as lines for people. */
import { labelModel } from '../../artifact/labelled-model.ts'
import { counted } from '../../errors.ts'
import type { LoadedModel } from '../../model-directory/read.ts'
import { kindOf } from '../../models/index.ts'
import type { ExplainerOffer } from '../../models/model.ts'
import type { InputColumn } from '../../preprocess/preprocessor.ts'
import { describeWritten } from '../../preprocess/written/describe-written.ts'
import { sizeOf } from '../output/file-size.ts'
import { alignColumns, widthOf, wrap } from '../output/layout.ts'
import { printable } from '../terminal.ts'

/** What the model can be explained by, or why it cannot. */
function describeExplanation([offer]: readonly ExplainerOffer[]): string {
  return offer === undefined ? '' : (offer.refusal ?? `${offer.space}, ${offer.method}`)
}

/** Cells of the heading of a line. */
const HEADING = 10
/** Cells without which a cell of a table is not wrapped in its own column. */
const LEAST_CELLS = 16

/** Returns aligned rows, the last cell of a row wrapped below itself where there is room for it. */
function wrapRows(rows: readonly (readonly string[])[], cells: number): string[] {
  const last = rows.reduce((most, row) => Math.max(most, row.length), 0) - 1
  const widths = Array.from({ length: last }, (_, j) =>
    Math.max(...rows.map((row) => widthOf(row[j] ?? ''))),
  )
  const start = widths.reduce((sum, width) => sum + width + 2, 0)
  const room = cells - HEADING
  return alignColumns(rows).flatMap((line) =>
    wrap(line, room, room - start >= LEAST_CELLS ? start : 2),
  )
}

/**
 * Returns the lines that tell what is in a verified model directory, its columns and files in columns.
 * @param cells of a line; infinite = nobody looks at it
 */
export function describeDirectory(
  loaded: LoadedModel,
  isSigned: boolean,
  cells = Number.POSITIVE_INFINITY,
): string[] {
  const { predictor, files, extraFiles } = loaded
  const artifact = labelModel(loaded.artifact)
  const { classes, plan, preprocessor, training } = artifact
  const under = (heading: string, lines: readonly string[]) =>
    lines.map((line, i) => `${(i === 0 ? heading : '').padEnd(HEADING)}${line}`)
  const columns = preprocessor.inputs.map((input) => [
    printable(input.name),
    input.type,
    input.nullable ? 'may be missing' : '',
    [input.written ? describeWritten(input.written) : '', valuesOf(input)]
      .filter(Boolean)
      .map(printable)
      .join('; '),
  ])
  const counts = [
    counted(training.rows, 'row'),
    `${training.trainRows} train`,
    `${training.testRows} test`,
    `seed ${training.seed}`,
    `sha256 ${training.sha256.slice(0, 16)}…`,
    ...(training.interrupted === true ? ['interrupted'] : []),
  ]
  const sizes = [...files].map(([name, bytes]) => [name, sizeOf(bytes.length)])
  const positive = classes.length === 2 ? `; positive ${classes[1]}` : ''
  return [
    `model     ${artifact.modelId}   ${artifact.estimator}, engine ${artifact.engine}: ${kindOf(artifact.model).describeSize(artifact.model)}`,
    `target    ${plan.target}   ${counted(classes.length, 'class', 'classes')}: ${classes.join(', ')}${positive}`,
    `data      ${counts.join(', ')}`,
    ...under('columns', wrapRows(withoutEmpty(columns), cells)),
    `explains  ${describeExplanation(predictor.offers)}`,
    ...under('files', alignColumns(sizes)),
    ...(extraFiles.length > 0 ? [`          not read: ${extraFiles.slice(0, 10).join(', ')}`] : []),
    `verified  sizes, checksums, structure, self-test${isSigned ? ', signature' : ''}`,
  ]
}

/** Returns rows without the columns in which nothing stands. */
function withoutEmpty(rows: readonly (readonly string[])[]): string[][] {
  return rows.map((row) => row.filter((_, j) => rows.some((other) => other[j] !== '')))
}

/** What a column had in it in training. */
function valuesOf({ type, categories, range, written }: InputColumn): string {
  if (categories) return categories.slice(0, 8).join(', ') + (categories.length > 8 ? ', …' : '')
  if (range) return `${range.minimum} to ${range.maximum}`
  if (type === 'number') return 'values not known'
  return written?.date ? 'dates' : 'text'
}
