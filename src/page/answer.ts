/** An explained row as the page shows it: one output, its pushes in order. */
import type { Cell, Explained, Label, PageCard, Space } from './wire.ts'

export interface Push {
  readonly column: string
  /** Its place among the columns. */
  readonly at: number
  readonly cell: Cell
  readonly push: number
}

export interface Answer {
  readonly label: Label
  /** Probability of every class, in the model's order. */
  readonly probabilities: readonly number[]
  /** The class that is explained. */
  readonly output: string
  readonly space: Space
  readonly base: number
  readonly value: number
  /** The strongest first. */
  readonly pushes: readonly Push[]
  readonly data: readonly Cell[]
  readonly error: number
}

/**
 * Returns the first row of an answer.
 * @throws Error for an answer without one
 */
export function readAnswer(card: PageCard, explained: Explained): Answer {
  const [row] = explained.explanations
  if (!row) throw new Error('The answer has no row.')
  const { score } = row
  const base = (row.base_values ?? explained.base_values)?.[0] ?? 0
  const pushes = (row.shap_values[0] ?? []).map((push, at) => ({
    column: explained.feature_names[at] ?? '',
    at,
    cell: row.data[at] ?? null,
    push,
  }))
  return {
    label: row.predicted_label,
    probabilities: typeof score === 'number' ? [1 - score, score] : score,
    output: (row.output_names ?? explained.output_names)?.[0] ?? String(card.classes.at(-1)),
    space: explained.space,
    base,
    value: row.outputs[0] ?? base,
    pushes: pushes.sort((a, b) => Math.abs(b.push) - Math.abs(a.push)),
    data: row.data,
    error: row.additivity_error,
  }
}

/** Returns the probability of the class that is explained. */
export function probabilityOf(card: PageCard, { probabilities, output }: Answer): number {
  return probabilities[card.classes.findIndex((name) => String(name) === output)] ?? Number.NaN
}

/** Whether an answer in log-odds has a probability at each step: of more than two classes it is not told by one of them. */
export function hasPoints(card: PageCard, { space }: Pick<Answer, 'space'>): boolean {
  return space === 'log_odds' && card.classes.length === 2
}

/** Returns the probability of log-odds. */
export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/**
 * Returns an answer in log-odds of two classes as probabilities: every push is what it adds on the way of the waterfall,
 * so they add up as well, but depend on their order.
 */
export function inPoints(answer: Answer): Answer {
  const points = barsOf(answer, answer.pushes.length).map(
    ({ from, to }) => logistic(to) - logistic(from),
  )
  return {
    ...answer,
    space: 'probability',
    base: logistic(answer.base),
    value: logistic(answer.value),
    pushes: answer.pushes.map((own, i) => ({ ...own, push: points[points.length - 1 - i] ?? 0 })),
  }
}

/** A bar of the waterfall: from where to where the output moves. */
export interface Bar {
  readonly column: string
  readonly at: number | undefined
  readonly cell: Cell | undefined
  readonly push: number
  readonly from: number
  readonly to: number
}

/** Returns the bars from the base value, the weakest of them in one, to the output; the strongest comes last. */
export function barsOf({ base, pushes }: Answer, most: number): Bar[] {
  const shown = pushes.length <= most ? pushes : pushes.slice(0, most - 1)
  const rest = pushes.slice(shown.length)
  let at = base
  const bars: Bar[] = []
  const add = (bar: Pick<Bar, 'column' | 'at' | 'cell' | 'push'>) => {
    const to = at + bar.push
    bars.push({ ...bar, from: at, to })
    at = to
  }
  if (rest.length > 0) {
    const push = rest.reduce((sum, other) => sum + other.push, 0)
    add({ column: `${rest.length} other columns`, at: undefined, cell: undefined, push })
  }
  for (const push of [...shown].reverse()) add(push)
  return bars
}
