/** Warnings of a job's rows: counted in every answer, listed where they are asked for. */
import type { Decoded, RowWarnings } from '../codecs/codec.ts'
import { quote } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { rowChecks, type WarningCount } from '../preprocess/row-checks.ts'
import type { RowWarning } from '../preprocess/row-warnings.ts'
import { truth } from './option-kinds.ts'

export interface JobWarnings {
  /** How many there are in all rows. */
  readonly count: number
  /** Cells of input columns with a category that training has not seen. */
  readonly unknownCategories: number
  /** Returns those of every row, row by row. */
  list(): readonly (readonly RowWarning[])[]
  /** Returns how many there are of every code and column. */
  tally(): readonly WarningCount[]
}

/** Returns what is to be said of decoded rows. */
export function findWarnings(
  { preprocessor }: Predictor,
  { frame, ignored }: Pick<Decoded, 'frame' | 'ignored'>,
): JobWarnings {
  const checks = rowChecks(preprocessor)
  const { warnings, unknownCategories } = checks.count(frame)
  return {
    count: warnings + ignored.count,
    unknownCategories,
    tally() {
      const counts = new Map<string, number>()
      for (let row = 0; ignored.count > 0 && row < frame.length; row++)
        for (const name of ignored.at(row)) counts.set(name, (counts.get(name) ?? 0) + 1)
      const strangers = [...counts].map(
        ([column, count]): WarningCount => ({ code: 'ignored_column', column, count }),
      )
      return [...checks.tally(frame), ...strangers]
    },
    list() {
      const found = checks.list(frame)
      const others = new Set(preprocessor.spec.otherColumns)
      const known = new Map<string, RowWarning>()
      const ignoredColumn = (name: string): RowWarning => {
        const warning = known.get(name) ?? describeIgnored(name, others)
        known.set(name, warning)
        return warning
      }
      return Array.from({ length: frame.length }, (_, row) => [
        ...(found.get(row) ?? []),
        ...ignored.at(row).map(ignoredColumn),
      ])
    },
  }
}

function describeIgnored(column: string, others: ReadonlySet<string>): RowWarning {
  const message = others.has(column)
    ? `${quote(column)} is ignored: the model learned nothing from this column of its training table`
    : `${quote(column)} is ignored: the model has no such column`
  return { code: 'ignored_column', column, message }
}

/** Bytes of a warning in JSON besides its texts. */
const WARNING_BYTES = 100

/** Returns the bytes that warnings take at least, which is known before they are listed. */
export function leastBytes({ count }: Pick<JobWarnings, 'count'>): number {
  return count * WARNING_BYTES
}

/** Returns about how many bytes listed warnings take. */
export function bytesOf(warnings: RowWarnings): number {
  let bytes = 0
  for (const row of warnings) {
    bytes += 14
    for (const { column, value, message } of row ?? [])
      bytes += WARNING_BYTES + column.length + String(value ?? '').length + message.length
  }
  return bytes
}

/**
 * Returns what explanations say of their rows: all of it, nothing, or by default what there is, where rows without
 * warnings say nothing.
 */
export function tellRows(
  warnings: JobWarnings,
  asked: boolean | undefined,
): RowWarnings | undefined {
  if (asked === false) return undefined
  const listed = warnings.list()
  return asked ? listed : listed.map((own) => (own.length > 0 ? own : undefined))
}

/**
 * Returns whether a request for predictions asks for warnings: by its body, or else by its query or attributes.
 * @throws InputError `invalid_option` for what is neither true nor false
 */
export function asksWarnings(
  options: readonly (readonly [string, unknown])[],
  parameters: ReadonlyMap<string, unknown>,
): boolean {
  const value = parameters.get('warnings') ?? options.findLast(([name]) => name === 'warnings')?.[1]
  return value === undefined ? false : truth.read('warnings', value)
}
