/** The texts of a target that are no classes of their own: spellings of one, and what stands for no label. */
import { type Column, type DataFrame, findColumn, mapTexts } from '../data/frame.ts'
import { isDecimal } from '../data/number.ts'
import { flagWith, InputError, quote } from '../errors.ts'
import { isBooleanColumn } from './booleans.ts'
import { findSpellings } from './spellings.ts'
import { applyWritten } from './written/apply-written.ts'
import { isMarker } from './written/markers.ts'

/** What is made of the texts of a target, in every table that has it. */
export interface TargetTexts {
  readonly target: string
  /** From a text to the class that it is taken for. */
  readonly merge: ReadonlyMap<string, string>
  /** Texts that stand for no label. */
  readonly missing: readonly string[]
}

/**
 * Returns what is made of a target's texts.
 * @param said whether spellings are merged, and texts that mean no value
 * @throws InputError `invalid_plan` where nothing is to be merged
 */
export function readTargetTexts(
  table: DataFrame,
  target: string,
  said: { readonly merge: boolean; readonly missing: readonly string[] },
): TargetTexts {
  const column = findColumn(table, target)
  const levels = column?.kind === 'text' ? column.levels : []
  const missing = said.missing.filter((text) => !isDecimal(text) && levels.includes(text))
  const given = findColumn(applyWritten(table, [{ column: target, missing }]), target)
  const merge =
    said.merge && given && !isBooleanColumn(given)
      ? findSpellings(given)
      : new Map<string, string>()
  if (said.merge && merge.size === 0)
    throw new InputError(
      'invalid_plan',
      `the target ${quote(target)} has no classes that look like spellings of one`,
      [{ column: target }],
    )
  return { target, merge, missing }
}

/** Returns a table whose target has classes in the place of their spellings, and nothing for texts that stand for no label. */
export function applyTargetTexts(
  table: DataFrame,
  { target, merge, missing }: TargetTexts,
): DataFrame {
  const read = missing.length === 0 ? table : applyWritten(table, [{ column: target, missing }])
  if (merge.size === 0) return read
  const replace = (column: Column) =>
    column.kind === 'text' ? mapTexts(column, (text) => merge.get(text) ?? text) : column
  return {
    ...read,
    columns: read.columns.map((column, j) => (read.names[j] === target ? replace(column) : column)),
  }
}

/** Words that may well name a class. */
const CLASSES = new Set(['none', 'nil', 'empty', 'blank', 'x', '*', '#'])

/** Returns a warning for every class that looks like a missing label, and for those that look like spellings of one. */
export function describeTarget(target: string, column: Column | undefined): string[] {
  if (column?.kind !== 'text' || column.unread !== undefined || isBooleanColumn(column)) return []
  const { levels } = column
  const isClass = (text: string) =>
    CLASSES.has(text.toLowerCase()) || (text === '-' && levels.includes('+'))
  const gaps = levels.length < 3 ? [] : levels.filter((text) => isMarker(text) && !isClass(text))
  const spellings = [...findSpellings(column)].filter(([text]) => !gaps.includes(text))
  return [
    ...gaps.map(
      (text) =>
        `the class ${quote(text)} of the target ${quote(target)} looks like a missing label; ${flagWith('--treat-as-missing', text)} with --drop-missing-label leaves its rows out if it is one`,
    ),
    ...spellings
      .slice(0, 3)
      .map(
        ([text, main]) =>
          `the target ${quote(target)} has the classes ${quote(main)} and ${quote(text)}, which look alike; ${flagWith('--merge', target)} takes them for one`,
      ),
  ]
}
