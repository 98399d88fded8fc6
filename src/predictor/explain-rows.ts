/** SHAP values of many rows: those that are explained for the same classes together, in blocks. */
import { takeMatrixRows } from '../data/matrix.ts'
import { InputError, placed } from '../errors.ts'
import type { Explanation } from '../shap/explanation.ts'
import { type RowWriter, writeRow } from './write-row.ts'

/** Rows that are explained at once; bounds the working memory of a large request. */
const BLOCK_ROWS = 1024

/** Returns the explanation of every row of a frame, in its order. */
export function explainRows(writer: RowWriter): Explanation[] {
  const { predictions, options, X } = writer
  const { classes, labels } = predictions
  const rows = new Array<Explanation>(X.rows)
  for (const [label, members] of groupRows(labels, isPerRow(classes, options.output))) {
    const asked = labelsAsked(classes, options.output, label)
    for (let at = 0; at < members.length; at += BLOCK_ROWS)
      explainBlock(writer, asked, members.subarray(at, at + BLOCK_ROWS), rows)
  }
  return rows
}

/** Returns the classes that a row is explained for, by its predicted class. */
export function labelsAsked(
  classes: readonly string[],
  output: string | undefined,
  predicted: number,
): number[] {
  if (output === 'all') return classes.map((_, label) => label)
  if (isPerRow(classes, output)) return [predicted]
  return [output === undefined ? classes.length - 1 : classes.indexOf(output)]
}

/** Whether every row is explained for the class that it is predicted as. */
export function isPerRow(classes: readonly string[], output: string | undefined): boolean {
  return output === 'predicted' || (output === undefined && classes.length > 2)
}

/** Explains the rows with the given numbers for the same classes, and puts them where they belong. */
function explainBlock(
  writer: RowWriter,
  labels: readonly number[],
  members: Int32Array,
  rows: Explanation[],
): void {
  const { X, explainer, options } = writer
  const isWhole = members.length === X.rows
  const block = isWhole ? X : takeMatrixRows(X, members)
  const width = labels.length * X.columns
  const phi = new Float64Array(members.length * width)
  const outputs = new Float64Array(members.length * labels.length)
  try {
    // Answering one row is fastest by itself; a row among others has the same bits wherever it stands.
    if (X.rows === 1 && !options.isPart) explainer.explain(block.data, labels, phi)
    else explainer.explainRows(block, labels, phi)
    explainer.outputRows(block, labels, outputs)
  } catch (error) {
    throw atRow(error, members)
  }
  const baseValues = labels.map((label) => explainer.baseValue(label))
  members.forEach((row, i) => {
    const own = phi.subarray(i * width, (i + 1) * width)
    const out = Array.from(outputs.subarray(i * labels.length, (i + 1) * labels.length))
    rows[row] = writeRow(writer, row, labels, baseValues, own, out)
  })
}

/** Yields the rows that are explained for the same classes: all of them, or those of every predicted class. */
function groupRows(labels: Int32Array, perRow: boolean): [number, Int32Array][] {
  const all = Int32Array.from(labels.keys())
  if (!perRow) return [[0, all]]
  return [...new Set(labels)].map((label) => [label, all.filter((row) => labels[row] === label)])
}

/** An explainer names a row of its block; the request has another number for it. */
function atRow(error: unknown, members: Int32Array): unknown {
  if (!(error instanceof InputError)) return error
  const own =
    error.places.length > 0
      ? error
      : new InputError(error.code, placed`${{ row: 1 }}: ${error.text}`)
  return own.numberRows((row) => members[row - 1]! + 1)
}
