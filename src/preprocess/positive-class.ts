/** Which of two classes is the positive one: whose probability is the score, and whose precision, recall and F1 are told. */
import { truthOf } from '../data/cell.ts'
import { type Column, countValues } from '../data/frame.ts'
import { InputError, listNames, quote } from '../errors.ts'

/** The positive class of a target with two, and why it is that one. */
export interface PositiveClass {
  readonly name: string
  readonly reason: string
  /** Whether it is the last of the classes in their order, which is the positive one where nothing is said. */
  readonly isLast: boolean
}

/** Beyond this share the rarer of two classes is so by chance. */
const MOST_RARE = 0.4

/** What names the event that is looked for. */
const events = new Set(
  (
    'yes y true t positive pos + fraud fraudulent scam churn churned default defaulted spam phishing malignant ' +
    'malware attack intrusion anomaly anomalous outlier abnormal defect defective faulty failure fail failed broken ' +
    'sick ill disease diseased infected died dead death deceased bankrupt late delinquent click clicked converted ' +
    'purchase purchased bought subscribed survived present detected hit recid recidivist'
  ).split(' '),
)

/**
 * Returns the positive class of a target; undefined unless it has two.
 * @param asked what a user said, in any spelling of a truth value
 * @throws InputError `invalid_plan` for a class that the target does not have, or a target of more than two
 */
export function choosePositive(
  target: string,
  column: Column,
  asked: string | undefined,
): PositiveClass | undefined {
  const counts = new Map<string, number>()
  const values = [...countValues(column)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const spelling = values.every(([value]) => truthOf(String(value)) !== undefined)
  const isText = column.kind === 'text'
  for (const [value, count] of values) {
    const text = String(value)
    const name = isText && spelling ? (truthOf(text) ?? text) : text
    counts.set(name, (counts.get(name) ?? 0) + count)
  }
  const names = [...counts.keys()]
  if (asked !== undefined) {
    const name = names.find((known) => known === asked || (isText && known === truthOf(asked)))
    if (name === undefined)
      throw new InputError(
        'invalid_plan',
        `the positive class ${quote(asked)} is not in the target ${quote(target)}, which has ${listNames(names)}`,
      )
    if (names.length > 2)
      throw new InputError(
        'invalid_plan',
        `the target ${quote(target)} has ${names.length} classes; only of two is one the positive one`,
      )
    return { name, reason: 'as asked', isLast: name === names.at(-1) }
  }
  if (names.length !== 2) return undefined
  const [first, last] = names as [string, string]
  const named = isEvent(first, last)
  if (named !== isEvent(last, first))
    return { name: named ? first : last, reason: 'by its name', isLast: !named }
  const [a, b] = [counts.get(first) as number, counts.get(last) as number]
  if (Math.min(a, b) > MOST_RARE * (a + b))
    return { name: last, reason: 'the last in order', isLast: true }
  return { name: a < b ? first : last, reason: 'the rarer one', isLast: b < a }
}

/** Whether a class names an event, or the other one is its negation, such as `not fraud` and `fraud`. */
function isEvent(name: string, other: string): boolean {
  const [own, negated] = [name, other].map((text) => text.toLowerCase().replace(/[\s_-]+/g, ' '))
  if (own === '1') return negated === '0' || negated === '-1'
  return events.has(own!) || ['no ', 'not ', 'non ', 'un', 'in'].some((no) => negated === no + own)
}
