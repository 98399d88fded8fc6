/** Expectations that cases put into a sentence; a sentence that is not known here is never taken as fulfilled. */
import { scoreOf } from './compare-predictions.ts'
import type { Answer, CheckContext } from './exchange.ts'
import { predictionsOf } from './prediction-checks.ts'
import { linesOf } from './text.ts'

/** Throws unless an answer is what the note of a `one_of` asks for. */
export async function judgeNote(note: string, context: CheckContext): Promise<void> {
  const found =
    /^either imputed\/NaN-routed prediction, or 400 naming row (\d+) column (\w+); never a prediction for (-?\d+) or (-?\d+)$/.exec(
      note,
    )
  if (!found) throw new Error(`the runner cannot judge this sentence: ${note}`)
  const [row, column, ...fillings] = found.slice(1) as [string, string, string, string]
  if (context.answer.status !== 200) checkNames(context.answer, row, column)
  else await checkNotFilled(context, Number(row), fillings)
}

function checkNames({ body }: Answer, row: string, column: string): void {
  const text = body.toString()
  if (!new RegExp(`\\brow"?:? ?${row}\\b`).test(text))
    throw new Error(`the row ${row} is not named`)
  if (!new RegExp(`\\b${column}\\b`).test(text))
    throw new Error(`the column ${column} is not named`)
}

/** A value filled in for the empty cell must give another prediction than the empty cell did. */
async function checkNotFilled(context: CheckContext, row: number, fillings: readonly string[]) {
  const text = context.request.body?.toString() ?? ''
  const { rows } = predictionsOf(context.answer)
  const records = linesOf(text).length
  if (rows.length !== records) throw new Error(`${rows.length} predictions for ${records} rows`)
  for (const filling of fillings) {
    const filled = text.replaceAll(/,(?=,|\n|$)/g, `,${filling}`)
    const answer = await context.send(Buffer.from(filled))
    const [own, other] = [rows, predictionsOf(answer).rows].map((list) =>
      scoreOf(list[row - 1] ?? {}),
    )
    if (own === undefined || other === undefined)
      throw new Error('without a score nobody can see what an empty cell was taken for')
    if (own === other) throw new Error(`the empty cell of row ${row} was taken for ${filling}`)
  }
}
