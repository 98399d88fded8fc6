/** Rows that the model predicts wrongly, in words. */
import { count } from '../plots/numbers.ts'
import type { PageModel } from './wire.ts'

type Known = NonNullable<PageModel['mistakes']>

const parts: Readonly<Record<Known['part'], string>> = {
  held_out: 'held-out row',
  validation: 'validation row',
  test: 'test row',
}

/**
 * Returns which rows these are.
 * @param at place of the one that is shown; undefined = none is
 */
export function sayMistakes({ part, rows, wrong, listed }: Known, at: number | undefined): string {
  const all = `${count(rows, parts[part])}, which the model was not trained on`
  if (wrong === 0) return `None of ${all}, is predicted wrongly.`
  const some = `${count(wrong, 'is', 'are')} predicted wrongly`
  if (listed === 0) return `Of ${all}, ${some}; none of them is stored.`
  const which = listed < wrong ? ` Stored are ${listed} of these.` : ''
  const place = at === undefined ? '' : `This is wrong prediction ${at + 1} of ${listed}. `
  return `${place}Of ${all}, ${some}.${which} The most certain come first.`
}
