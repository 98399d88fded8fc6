/** SageMaker Clarify's online response: predictions and explanations side by side, for clients that read that form. */
import { InputError, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Explanations } from '../shap/explanation.ts'
import type { Codec } from './codec.ts'
import { type Selected, selectMembers } from './selection.ts'
import { probabilitiesAt, writePrediction } from './wire.ts'

/** What a condition may call: nothing that makes a text or list larger than its record. */
const FUNCTIONS = new Set(
  'abs ceil contains ends_with floor keys length max min not_null starts_with sum type values'.split(
    ' ',
  ),
)

/** Longest condition that SageMaker's header takes. */
const MAX_CONDITION = 64

/**
 * Returns Clarify's answer: per record a list of columns with one attribution per score column, or null where no
 * explanation was wanted. Clarify itself leaves out the expected value; here it stands beside.
 * @param predictions the predictions as they would be answered alone; without a text, one line of scores per record
 */
export function writeClarify(
  explanations: Explanations,
  predictions: { readonly contentType: string; readonly text: string | undefined },
  wanted: readonly boolean[] | undefined,
): string {
  const { rows } = explanations
  const scores = rows.map(({ probabilities }) =>
    probabilities.length === 2 ? `${probabilities[1]}\n` : `${probabilities.join(',')}\n`,
  )
  const anyWanted = wanted?.includes(true) ?? true
  return JSON.stringify({
    version: '1.0',
    predictions: {
      content_type: predictions.contentType,
      data: predictions.text ?? scores.join(''),
    },
    label_headers: explanations.shared?.outputNames ?? [],
    explanations: anyWanted
      ? {
          kernel_shap: rows.map((row, i) =>
            (wanted?.[i] ?? true)
              ? row.featureNames.map((feature, j) => ({
                  feature_header: feature,
                  attributions: [{ attribution: row.shapValues.map((values) => values[j]!) }],
                }))
              : null,
          ),
        }
      : {},
    expected_value: explanations.shared?.baseValues ?? [],
    space: explanations.space,
    method: explanations.method,
    model_id: explanations.modelId,
  })
}

/**
 * Returns Clarify's answer as one line for every record, for whoever joins answers to records.
 * @param texts every record's prediction as it would be answered alone; without them, one line of its scores
 */
export function writeClarifyLines(
  explanations: Explanations,
  contentType: string,
  texts: readonly string[] | undefined,
  wanted: readonly boolean[] | undefined,
): string {
  const { rows } = explanations
  return Array.from({ length: texts?.length ?? rows.length }, (_, i) => {
    const own = { ...explanations, rows: rows.slice(i, i + 1) }
    const line = writeClarify(own, { contentType, text: texts?.[i] }, wanted?.slice(i, i + 1))
    return `${line}\n`
  }).join('')
}

/**
 * Returns the library that evaluates a condition, once it is clear that it can read it.
 * @throws InputError `invalid_option` for one that is too long, calls what it must not, or is no JMESPath
 */
export async function checkCondition(
  expression: string,
): Promise<typeof import('@jmespath-community/jmespath')> {
  if (expression.length > MAX_CONDITION) {
    throw new InputError(
      'invalid_option',
      `the condition has ${expression.length} characters, at most ${MAX_CONDITION} are read`,
    )
  }
  // Loaded here, because nearly no server is ever asked in this way.
  const library = await import('@jmespath-community/jmespath')
  const call = [...expression.matchAll(/([A-Za-z_]\w*)\s*\(/g)].find(
    ([, name]) => !FUNCTIONS.has(name as string),
  )
  if (call) {
    throw new InputError(
      'invalid_option',
      `the condition calls ${quote(call[1])}; there are ${[...FUNCTIONS].join(', ')}`,
    )
  }
  try {
    library.compile(expression)
  } catch (error) {
    throw notEvaluated(expression, error)
  }
  return library
}

function notEvaluated(expression: string, error: unknown): InputError {
  const { message } = error as Error
  return new InputError(
    'invalid_option',
    `the condition ${quote(expression)} cannot be evaluated: ${quote(message, 100)}`,
  )
}

/**
 * Returns, for every row, whether a JMESPath expression over its prediction is true. A CSV record is the list of its
 * scores, a JSON record the object of its prediction, as Clarify evaluates it. Without an expression all are.
 * @throws InputError `invalid_option` for an expression that cannot be read or that is not true or false
 */
export async function evaluateCondition(
  expression: string | undefined,
  predictions: Predictions,
  { recordIsScores }: Codec,
  selection?: readonly Selected[],
): Promise<boolean[]> {
  const rows = Array.from({ length: predictions.rows }, (_, row) => row)
  if (expression === undefined) return rows.map(() => true)
  const { search } = await checkCondition(expression)
  return rows.map((row) => {
    const record = recordOf(predictions, row, recordIsScores, selection)
    let value: unknown
    try {
      value = search(record as Parameters<typeof search>[0], expression)
    } catch (error) {
      throw notEvaluated(expression, error)
    }
    if (typeof value === 'boolean') return value
    throw new InputError(
      'invalid_option',
      `the condition ${quote(expression)} gives ${quote(value)}, neither true nor false`,
    )
  })
}

/** The record that is answered: what stands in its line of CSV, or its object. */
function recordOf(
  predictions: Predictions,
  row: number,
  isScores: boolean | undefined,
  selection: readonly Selected[] | undefined,
): unknown {
  if (selection) {
    const members = selectMembers(predictions, row, selection)
    return isScores ? selection.map((name) => members[name]) : members
  }
  if (!isScores) return writePrediction(predictions, row)
  const own = probabilitiesAt(predictions, row)
  return own.length === 2 ? own.slice(1) : own
}
