/** What is in a model directory, as lines for people. */
import { labelModel } from '../../artifact/labelled-model.ts'
import { counted } from '../../errors.ts'
import type { LoadedModel } from '../../model-directory/read.ts'
import { kindOf } from '../../models/index.ts'
import type { ExplainerOffer } from '../../models/model.ts'
import type { InputColumn } from '../../preprocess/preprocessor.ts'
import { describeWritten } from '../../preprocess/written/describe-written.ts'
import { sizeOf } from '../output/file-size.ts'
import { alignColumns } from '../output/layout.ts'
import { printable } from '../terminal.ts'

/** What the model can be explained by, or why it cannot. */
function describeExplanation([offer]: readonly ExplainerOffer[]): string {
  return offer === undefined ? '' : (offer.refusal ?? `${offer.space}, ${offer.method}`)
}

/** Returns the lines that tell what is in a verified model directory, its columns and files in columns. */
export function describeDirectory(loaded: LoadedModel, isSigned: boolean): string[] {
  const { predictor, files, extraFiles } = loaded
  const artifact = labelModel(loaded.artifact)
  const { classes, plan, preprocessor, training } = artifact
  const under = (heading: string, lines: readonly string[]) =>
    lines.map((line, i) => `${(i === 0 ? heading : '').padEnd(10)}${line}`)
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
    ...under('columns', alignColumns(withoutEmpty(columns))),
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
