/** A global summary as JSON: in a model directory, in answers and on the command line alike. */
import type { Cell } from '../data/frame.ts'
import type { JsonObject, JsonReader } from '../data/json-fields.ts'
import { methods, spaces } from '../shap/explanation.ts'
import type { GlobalSummary, GroupSummary } from '../shap/global-summary.ts'

/** Returns a summary as it is written, the columns that push most first. */
export function writeSummary(summary: GlobalSummary): Record<string, unknown> {
  const sizes = new Map(
    summary.columns.map((column) => [column, column.meanAbsolute.reduce((sum, v) => sum + v, 0)]),
  )
  const columns = [...summary.columns].sort(
    (a, b) => (sizes.get(b) as number) - (sizes.get(a) as number),
  )
  return {
    space: summary.space,
    method: summary.method,
    rows: summary.rows,
    output_names: summary.outputNames,
    base_values: summary.baseValues,
    columns: columns.map(({ column, by, meanAbsolute, mean, groups }) => ({
      column,
      by: by === column ? undefined : by,
      mean_abs_shap: meanAbsolute,
      mean_shap: mean,
      groups: groups.map(({ mean: pushes, ...group }) => ({ ...group, mean_shap: pushes })),
    })),
  }
}

/**
 * Returns the summary in parsed JSON.
 * @param columns names of the model's inputs, all of which it must have
 * @throws what the reader throws, and what `fail` makes for parts that do not fit the model
 */
export function readSummary(
  json: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  model: {
    readonly columns: readonly string[]
    readonly derived: readonly string[]
    readonly classes: readonly string[]
  },
): GlobalSummary {
  const outputNames = reader.texts(json.get('output_names'), 'output_names')
  if (outputNames.length === 0 || outputNames.some((name) => !model.classes.includes(name)))
    throw fail('output_names are not classes')
  const perOutput = (value: unknown, where: string) => {
    const numbers = reader.numbers(value, where)
    if (numbers.length !== outputNames.length) throw fail(`${where} does not match output_names`)
    return numbers
  }
  const listed = reader.list(json.get('columns'), 'columns')
  const found = new Map(
    listed.map((item, i) => {
      const where = `columns[${i}]`
      const entry = reader.object(item, where)
      const column = reader.text(entry.get('column'), `${where}.column`)
      const by = entry.has('by') ? reader.text(entry.get('by'), `${where}.by`) : column
      if (by !== column && !model.derived.includes(by))
        throw fail(`${where}.by is not a derived column`)
      const groups = reader.list(entry.get('groups'), `${where}.groups`).map((group, g) => {
        const place = `${where}.groups[${g}]`
        return readGroup(reader.object(group, place), reader, fail, place, perOutput)
      })
      checkRanges(groups, () => fail(`${where}.groups are not ranges in ascending order`))
      return [
        column,
        {
          column,
          by,
          meanAbsolute: perOutput(entry.get('mean_abs_shap'), `${where}.mean_abs_shap`),
          mean: perOutput(entry.get('mean_shap'), `${where}.mean_shap`),
          groups,
        },
      ] as const
    }),
  )
  const columns = model.columns.flatMap((name) => found.get(name) ?? [])
  if (columns.length !== model.columns.length || listed.length !== model.columns.length)
    throw fail("columns are not the model's")
  return {
    space: reader.choice(json.get('space'), 'space', spaces),
    method: reader.choice(json.get('method'), 'method', methods),
    rows: reader.whole(json.get('rows'), 'rows', 1),
    outputNames,
    baseValues: perOutput(json.get('base_values'), 'base_values'),
    columns,
  }
}

function readGroup(
  group: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  where: string,
  perOutput: (value: unknown, where: string) => number[],
): GroupSummary {
  const rows = reader.whole(group.get('rows'), `${where}.rows`, 1)
  const mean = perOutput(group.get('mean_shap'), `${where}.mean_shap`)
  if (group.has('from')) {
    const from = reader.number(group.get('from'), `${where}.from`)
    return { from, to: reader.number(group.get('to'), `${where}.to`), rows, mean }
  }
  if (group.has('others')) {
    if (group.get('others') !== true) throw fail(`${where}.others is not true`)
    return { others: true, rows, mean }
  }
  const value = group.get('value')
  const isCell = value === null || typeof value === 'string' || Number.isFinite(value)
  if (!isCell) throw fail(`${where}.value is neither a text nor a number`)
  return { value: value as Cell, rows, mean }
}

function checkRanges(groups: readonly GroupSummary[], fail: () => Error): void {
  let last = Number.NEGATIVE_INFINITY
  for (const { from, to } of groups) {
    if (from === undefined || to === undefined) continue
    if (!(from >= last && to >= from)) throw fail()
    last = to
  }
}
