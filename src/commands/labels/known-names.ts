/** The names that labels may be of: those of a table, or of a model. */
import type { ArtifactParts } from '../../artifact/artifact.ts'
import { type DataFrame, findColumn } from '../../data/frame.ts'
import type { DerivedColumn } from '../../preprocess/derived-column.ts'

/** What is known of the values of a column. */
export interface KnownValues {
  /** Whether they are numbers, whose names are read as such. */
  readonly areNumbers: boolean
  /** All of them, numbers by their text; absent = any may be. */
  readonly all?: ReadonlySet<string>
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

/** Returns the names of a table, and of the columns that a plan makes of it. */
export function namesOfTable(table: DataFrame, derived: readonly DerivedColumn[] = []): KnownNames {
  return {
    what: 'the table',
    columns: [...new Set([...table.names, ...derived.map(({ column }) => column)])],
    derived,
    valuesOf(name) {
      const column = findColumn(table, name)
      if (!column) return ANY_TEXT
      return column.kind === 'text'
        ? { areNumbers: false, all: new Set(column.levels), near: column.levels }
        : // Of thousands of numbers, none resembles another.
          { areNumbers: true, all: new Set(Array.from(column.values, String)), near: [] }
    },
  }
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
        return { areNumbers: numericClasses, all: new Set(classes), near: classes }
      const input = inputs.find((own) => own.name === name)
      if (!input) return ANY_TEXT
      const areNumbers = input.type === 'number'
      // Of a plain number the model knows the range, of a free text nothing.
      if (!input.categories) return { areNumbers, near: [] }
      const texts = input.categories.map(String)
      return { areNumbers, all: new Set(texts), near: areNumbers ? [] : texts }
    },
  }
}
