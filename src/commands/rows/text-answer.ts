/** The answer to a part of a file as text for people: a waterfall per row and output. */
import type { Cell } from '../../data/frame.ts'
import { cellLabel, classLabel, columnLabel, type Labels } from '../../data/readable.ts'
import { InputError } from '../../errors.ts'
import { cellText, number } from '../../plots/numbers.ts'
import { type Space, spaceLabels } from '../../shap/explanation.ts'
import { wrap } from '../output/layout.ts'
import { printable } from '../terminal.ts'
import { textOf } from './kept-answers.ts'
import type { Kept } from './kept-columns.ts'
import { type BarColours, describeWaterfall } from './text-waterfall.ts'

/** What stands once where it is the same for all rows, and otherwise in every row. */
interface Head {
  readonly output_names: readonly string[]
  readonly base_values: readonly number[]
  readonly feature_names: readonly string[]
}

/** The JSON of explanations, as far as it is shown. */
interface Answer extends Head {
  readonly space: Space
  readonly explanations: readonly (Partial<Head> & {
    readonly predicted_label: string | number
    readonly outputs: readonly number[]
    readonly data: readonly Cell[]
    readonly shap_values: readonly (readonly number[])[]
    readonly others?: readonly number[]
    readonly counterfactual?: {
      readonly class: string | number
      readonly found: boolean
      readonly changes: readonly {
        readonly column: string
        readonly from: Cell
        readonly to: Cell
      }[]
    }
  })[]
}

/** What answers as text are made for. */
export interface TextAnswer {
  readonly target: string
  /** Of the model, in its order. */
  readonly classes: readonly string[]
  readonly labels?: Labels | undefined
  /** Those of what has a value: of columns or of features; absent = `labels`. */
  readonly shown?: Labels | undefined
  /** Cells of a line; infinite = not known. */
  readonly cells: number
  readonly colours: BarColours
}

/**
 * Throws for options of explanations whose answers have no place in a text.
 * @throws InputError `invalid_option`
 */
export function checkTextOptions(options: readonly (readonly [string, unknown])[]): void {
  const stranger = options.find(([name]) => !isShownAsText(name))
  if (stranger)
    throw new InputError(
      'invalid_option',
      `--format text does not show ${stranger[0] === 'format' ? 'contributions in another form' : stranger[0]}; choose json or jsonl`,
    )
}

/** Whether a text shows what an option asks for. */
export function isShownAsText(option: string): boolean {
  return option !== 'format' && option !== 'interactions'
}

/**
 * Returns the rows of an answer as text.
 * @param json the answer as JSON
 * @param rowOffset rows of the file before it
 * @param kept columns that say which row it is
 */
export function writeTextAnswer(
  json: string,
  rowOffset: number,
  { target, labels, shown = labels, cells, colours }: Omit<TextAnswer, 'classes'>,
  kept?: Kept,
): string {
  const answer = JSON.parse(json) as Answer
  const lines = answer.explanations.flatMap((row, i) => {
    const { output_names, base_values, feature_names } = { ...answer, ...row }
    const names = kept?.names.map(
      (name, j) =>
        `   ${columnLabel(labels, name)} ${keptText(kept.rows[i]?.[j] ?? null, name, labels)}`,
    )
    const predicted = `row ${rowOffset + i + 1}${names?.join('') ?? ''}   predicted ${classLabel(labels, target, String(row.predicted_label))}`
    return [
      ...output_names.flatMap((name, k) => [
        ...wrap(
          printable(
            `${predicted}   ${spaceLabels[answer.space]} of ${columnLabel(labels, target)} = ${classLabel(labels, target, name)}: ${number(row.outputs[k]!)}`,
          ),
          cells,
          2,
        ),
        ...describeWaterfall(
          {
            baseValue: base_values[k]!,
            output: row.outputs[k]!,
            featureNames: feature_names.map((own) => columnLabel(shown, own)),
            data: row.data.map((cell, j) => cellLabel(shown, feature_names[j]!, cell)),
            shapValues: row.shap_values[k]!,
            others: row.others?.[k],
          },
          cells,
          colours,
        ),
        '',
      ]),
      ...describeChange(row.counterfactual, cells, target, labels),
    ]
  })
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** Returns a kept value for people: its label, or as it stands in the file. */
export function keptText(value: unknown, column: string, labels: Labels | undefined): string {
  const isCell = typeof value === 'string' || typeof value === 'number'
  return textOf((isCell ? cellLabel(labels, column, value) : value) ?? 'missing')
}

type Change = Answer['explanations'][number]['counterfactual']

function describeChange(
  change: Change,
  cells: number,
  target: string,
  labels: Labels | undefined,
): string[] {
  if (!change) return []
  const changes = change.changes.map(
    ({ column, from, to }) =>
      `${columnLabel(labels, column)} ${[from, to].map((cell) => cellText(cellLabel(labels, column, cell))).join(' → ')}`,
  )
  const needed = !change.found
    ? 'no change was found'
    : changes.length === 0
      ? 'predicted already'
      : changes.join(', ')
  return [
    ...wrap(
      printable(`to be ${classLabel(labels, target, String(change.class))}   ${needed}`),
      cells,
      2,
    ),
    '',
  ]
}
