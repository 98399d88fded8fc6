/** Whether an imported model answers as its library did, on rows that a user has. */
import { cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import { ArtifactError, InputError, listNames, quote } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'

/** Libraries compute in single precision. */
const TOLERANCE = 1e-6

/** The column that holds a library's answers, where there is not one per class. */
const ANSWERS = 'prediction'

/** What a comparison found, as it is written to metrics.json. */
export interface CheckResult {
  readonly rows: number
  readonly max_difference: number
}

/**
 * Compares probabilities with a library's: those of the positive class of two in a column `prediction`, or one column
 * per class.
 * @param frame the rows as the model's inputs
 * @param table the same rows with the answers
 * @throws InputError `missing_column` or `invalid_number`; ArtifactError `mismatch` naming the first row that differs
 */
export function checkAnswers(
  predictor: Predictor,
  frame: DataFrame,
  table: DataFrame,
): CheckResult {
  const { classes } = predictor
  const isPair = classes.length === 2 && table.names.includes(ANSWERS)
  const compared = isPair
    ? [{ name: ANSWERS, label: 1 }]
    : classes.map((name, label) => ({ name, label }))
  const { probabilities } = predictor.predict(frame)
  let most = 0
  for (const { name, label } of compared) {
    const column = findColumn(table, name)
    if (!column)
      throw new InputError(
        'missing_column',
        `--check: the rows need the library's probabilities, in ${classes.length === 2 ? `a column ${quote(ANSWERS)} or ` : ''}one column per class: ${listNames(classes)}`,
        [{ column: name }],
      )
    for (let row = 0; row < table.length; row++) {
      const expected = cellAt(column, row)
      const place = { row: row + 1, column: name }
      if (typeof expected !== 'number')
        throw new InputError(
          'invalid_number',
          `--check: row ${row + 1}, column ${quote(name)}: ${quote(expected ?? '')} is not a probability`,
          [place],
        )
      const answer = probabilities[row * classes.length + label]!
      const difference = Math.abs(answer - expected)
      if (!(difference <= TOLERANCE))
        throw new ArtifactError(
          'mismatch',
          `--check: row ${row + 1}: the library's probability of ${quote(classes[label]!)} is ${expected}, the model's ${answer}; is --missing, --rounds or the order of the columns another?`,
        )
      most = Math.max(most, difference)
    }
  }
  return { rows: table.length, max_difference: most }
}
