/** The checks that set an answer's predictions beside those of another case. */
import { comparePredictions } from './compare-predictions.ts'
import { type Answer, type CheckContext, headerOf, type WireRequest } from './exchange.ts'
import { decodePredictions, type Predictions } from './predictions.ts'

/** Returns the predictions in an answer; throws for an answer without any. */
export function predictionsOf(answer: Answer): Predictions {
  return decodePredictions(answer.body, answer.headers.get('content-type'))
}

/** Throws unless an answer predicts what the case of this name does. */
export async function checkPredictionsEqual(id: string, context: CheckContext): Promise<void> {
  const reference = await context.reference(id)
  const { status } = reference.answer
  if (status !== 200) throw new Error(`the case ${id} itself is answered with ${status}`)
  const [own, other] = [context, reference].map(({ request, answer }): Predictions => {
    const { rows, float32 } = predictionsOf(answer)
    return { rows, float32: float32 || isSinglePrecision(request) }
  }) as [Predictions, Predictions]
  if (own.rows.length === 0) throw new Error('there are no predictions')
  const problem = comparePredictions(own, other)
  if (problem !== undefined) throw new Error(`not as ${id}: ${problem}`)
}

/** Throws unless the status is that of another case, and for a success the predictions or bytes too. */
export async function checkSameOutcome(id: string, context: CheckContext): Promise<void> {
  const { answer } = await context.reference(id)
  if (answer.status !== context.answer.status)
    throw new Error(`status ${context.answer.status}, ${id} has ${answer.status}`)
  if (answer.status !== 200 || answer.body.equals(context.answer.body)) return
  await checkPredictionsEqual(id, context)
}

/** Whether the rows of a request are 32-bit floats; RecordIO counts as such, whatever is in it. */
function isSinglePrecision(request: WireRequest): boolean {
  const type = headerOf(request, 'content-type')
  if (type.includes('recordio')) return true
  const start = request.body?.subarray(0, 4096).toString('latin1') ?? ''
  return type.includes('npy')
    ? /'descr': *'[<>]f[24]'/.test(start)
    : /"datatype": *"FP(16|32)"/.test(start)
}
