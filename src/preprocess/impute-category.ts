import type { Column } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { mostFrequent } from './impute-number.ts'
import type { TransformerKind } from './transformer.ts'

/** Fills missing categories with one category. */
export interface ImputeCategory {
  readonly kind: 'impute_category'
  readonly value: string | number
}

export const imputeCategory: TransformerKind<ImputeCategory> = {
  build: ({ value }) => ({
    names: (name) => [name],
    apply: (column) => [fillColumn(column, value)],
    cell: {
      makes: 'cell',
      apply: (cell, type) => cell ?? (type === 'number' ? Number(value) : String(value)),
    },
  }),
  read: (value, reader, where) => ({
    kind: 'impute_category',
    value: reader.categories([value.get('value')], `${where}.value`)[0] as string | number,
  }),
}

/** Returns the imputer that fills in the most frequent category; the column has at least one value. */
export function fitImputeCategory(column: Column): ImputeCategory {
  const value = mostFrequent(column)
  if (value === undefined)
    throw new InputError('invalid_plan', 'a column without values cannot be imputed')
  return { kind: 'impute_category', value }
}

function fillColumn(column: Column, value: string | number): Column {
  if (column.kind === 'number') {
    return {
      kind: 'number',
      values: column.values.map((number) => (Number.isNaN(number) ? Number(value) : number)),
    }
  }
  const known = column.levels.indexOf(String(value))
  const levels = known < 0 ? [...column.levels, String(value)] : column.levels
  const fill = known < 0 ? column.levels.length : known
  return { kind: 'text', codes: column.codes.map((code) => (code < 0 ? fill : code)), levels }
}
