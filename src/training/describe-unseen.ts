/** Categories that stand in no training row, but in a table that the model is measured on. */
import { type Column, type DataFrame, findColumn } from '../data/frame.ts'
import { counted, quote } from '../errors.ts'
import type { Preprocessor } from '../preprocess/preprocessor.ts'
import { rowChecks } from '../preprocess/row-checks.ts'

/**
 * Returns a line per column in which rows of a channel have categories that training has not seen.
 * @param table with the columns of the training table
 */
export function describeUnseen(
  channel: string,
  { length, ...table }: DataFrame,
  preprocessor: Preprocessor,
): string[] {
  const names = preprocessor.featureNamesIn
  const columns = names.map((name) => findColumn({ ...table, length }, name) as Column)
  return rowChecks(preprocessor)
    .tally({ names, columns, length })
    .filter(({ code }) => code === 'unknown_category')
    .map(
      ({ column, count }) =>
        `${channel}: ${counted(count, 'row')} of ${length} with a category in column ${quote(column)} that training has not seen; the model takes it for none of those it knows`,
    )
}
