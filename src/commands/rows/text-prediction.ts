/** The predictions of a part of a file as text for people: a line per row. */
import { format } from 'd3-format'
import { classLabel, columnLabel } from '../../data/readable.ts'
import { alignColumns, cut } from '../output/layout.ts'
import { printable } from '../terminal.ts'
import type { Kept } from './kept-columns.ts'
import { keptText, type TextAnswer } from './text-answer.ts'

const percent = format('.3~p')

/** A line of the answer as JSON Lines. */
interface Prediction {
  readonly predicted_label: string | number
  readonly score: number | readonly number[]
}

/**
 * Returns predictions as text: the row's number, what is kept of it, the class, and the probability of the positive
 * class, of more than two of the one that is said.
 * @param json the answer as JSON Lines
 * @param rowOffset rows of the file before it
 */
export function writeTextPredictions(
  json: string,
  rowOffset: number,
  about: Pick<TextAnswer, 'target' | 'classes' | 'labels' | 'cells'>,
  kept?: Kept,
): string {
  const { target, classes, labels, cells } = about
  const rows = json.split('\n').filter(Boolean)
  const classOf = (name: string | number) => classLabel(labels, target, String(name))
  const [, positive] = classes
  const what =
    classes.length === 2 && positive !== undefined
      ? `probability of ${classOf(positive)}`
      : 'probability'
  const head = [
    'row',
    ...(kept?.names ?? []).map((name) => columnLabel(labels, name)),
    columnLabel(labels, target),
    what,
  ]
  const lines = rows.map((line, i) => {
    const { predicted_label, score } = JSON.parse(line) as Prediction
    const own = kept?.names.map((name, j) => keptText(kept.rows[i]?.[j] ?? null, name, labels))
    const probability = typeof score === 'number' ? score : Math.max(...score)
    return [
      String(rowOffset + i + 1),
      ...(own ?? []),
      classOf(predicted_label),
      Number.isFinite(probability) ? percent(probability) : '–',
    ]
  })
  const texts = [...(rowOffset === 0 ? [head] : []), ...lines].map((row) => row.map(printable))
  if (texts.length === 0) return ''
  return `${alignColumns(texts)
    .map((line) => cut(line, cells))
    .join('\n')}\n`
}
