/** The names that labels may be of: those of a table, or of a model. */
import type { ArtifactParts } from '../../artifact/artifact.ts'
import { type Column, type DataFrame, findColumn, presentNumbers } from '../../data/frame.ts'
import type { DerivedColumn } from '../../preprocess/derived-column.ts'
import { applyWritten } from '../../preprocess/written/apply-written.ts'
import type { WrittenColumn } from '../../preprocess/written/read-written.ts'

/** What is known of the values of a column. */
export interface KnownValues {
  /** Whether they are numbers, whose names are read as such. */
  readonly areNumbers: boolean
  /** Whether there is one, numbers by their text; absent = any may be. */
  readonly has?: (text: string) => boolean
  /** Those that a misspelled one may resemble. */
  readonly near: readonly string[]
}

/** Where labels are checked against. */
export interface KnownNames {
  /** What it is called in messages. */
  readonly what: 'the table' | 'the model'
  readonly columns: readonly string[]
  readonly derived: readonly DerivedColumn[]
  valuesOf(column: string): KnownValues
}

const ANY_TEXT: KnownValues = { areNumbers: false, near: [] }

/**
 * Returns the names of a table, and of the columns that a plan makes of it.
 * @param written how texts are read as numbers, dates or missing: a model has what they mean
 */
export function namesOfTable(
  table: DataFrame,
  derived: readonly DerivedColumn[] = [],
  written: readonly WrittenColumn[] = [],
): KnownNames {
  const known = new Map<string, KnownValues>()
  const look = (name: string): KnownValues => {
    const column = findColumn(table, name)
    if (!column) return ANY_TEXT
    const rules = written.filter((rule) => rule.column === name)
    const read = applyWritten({ names: [name], columns: [column], length: table.length }, rules)
    return knownOf(read.columns[0]!)
  }
  return {
    what: 'the table',
    columns: [...new Set([...table.names, ...derived.map(({ column }) => column)])],
    derived,
    valuesOf(name) {
      const found = known.get(name) ?? look(name)
      known.set(name, found)
      return found
    },
  }
}

function knownOf(column: Column): KnownValues {
  if (column.kind === 'text') {
    const levels = new Set(column.levels)
    return { areNumbers: false, has: (text) => levels.has(text), near: column.levels }
  }
  // A set of so many numbers would take long, and has an end.
  const sorted = presentNumbers(column.values).sort()
  const has = (text: string) => {
    const value = Number(text)
    let [from, to] = [0, sorted.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (sorted[middle]! < value) from = middle + 1
      else to = middle
    }
    return sorted[from] === value && String(value) === text
  }
  // Of thousands of numbers, none resembles another.
  return { areNumbers: true, has, near: [] }
}

/** Returns the names of a model: what it reads, makes, was told of, and answers. */
export function namesOfModel({
  plan,
  classes,
  numericClasses,
  preprocessor: { inputs, otherColumns, derived },
}: Pick<ArtifactParts, 'plan' | 'classes' | 'numericClasses' | 'preprocessor'>): KnownNames {
  const others = [...otherColumns, ...plan.id, ...plan.dropped.map(({ column }) => column)]
  const made = derived.map(({ column }) => column)
  return {
    what: 'the model',
    columns: [...new Set([plan.target, ...inputs.map(({ name }) => name), ...made, ...others])],
    derived,
    valuesOf(name) {
      if (name === plan.target)
        return { areNumbers: numericClasses, has: (text) => classes.includes(text), near: classes }
      const input = inputs.find((own) => own.name === name)
      if (!input) return ANY_TEXT
      const areNumbers = input.type === 'number'
      // Of a plain number the model knows the range, of a free text nothing.
      if (!input.categories) return { areNumbers, near: [] }
      const texts = input.categories.map(String)
      const known = new Set(texts)
      return { areNumbers, has: (text) => known.has(text), near: areNumbers ? [] : texts }
    },
  }
}
