/** Derived columns; the only file that knows the regular expression library, which matches in linear time. */
import { RE2JS } from 're2js'
import { type Column, cellAt, type TextColumn, textColumn } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import type { DerivedColumn } from './plan.ts'

/**
 * Returns a function that makes a derived column from its source: the group of the first match, trimmed and
 * mapped; missing where the source is missing or nothing matches.
 * @throws InputError `invalid_pattern`
 */
export function buildPattern(derived: DerivedColumn): (source: Column) => TextColumn {
  let pattern: RE2JS
  try {
    pattern = RE2JS.compile(derived.pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InputError(
      'invalid_pattern',
      `the pattern of ${quote(derived.column)} cannot be used: ${why}`,
    )
  }
  if (derived.group > pattern.groupCount()) {
    throw new InputError(
      'invalid_pattern',
      `the pattern of ${quote(derived.column)} has ${pattern.groupCount()} groups, group ${derived.group} was asked for`,
    )
  }
  const mapped = new Map(Object.entries(derived.map))
  const derive = (text: string) => {
    const matcher = pattern.matcher(text)
    if (!matcher.find()) return null
    const found = (matcher.group(derived.group) ?? '').trim()
    return found === '' ? null : (mapped.get(found) ?? found)
  }
  return (source) => {
    const length = source.kind === 'number' ? source.values.length : source.codes.length
    const known = new Map<string | number, string | null>()
    const values = Array.from({ length }, (_, row) => {
      const cell = cellAt(source, row)
      if (cell === null) return null
      let value = known.get(cell)
      if (value === undefined) {
        value = derive(String(cell))
        known.set(cell, value)
      }
      return value
    })
    return textColumn(values)
  }
}
