/** Rows stored with a model, and the proof that this program answers them as the training did. */

import type { Artifact, SelfTestRow } from '../artifact/artifact.ts'
import type { Cell, DataFrame } from '../data/frame.ts'
import { ArtifactError } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Explanations } from '../shap/explanation.ts'
import type { Predictor } from './predictor.ts'

/**
 * Returns rows made up from what training saw of each column, with the model's answers: usual values, both ends,
 * missing values where they are allowed, and an unknown category. No training row is stored.
 */
export function makeSelfTest(predictor: Predictor): SelfTestRow[] {
  const { inputs } = predictor.preprocessor.spec
  const rows: Cell[][] = [
    inputs.map(({ example }) => example),
    inputs.map((input) => input.range?.minimum ?? input.categories?.[0] ?? input.example),
    inputs.map((input) => input.range?.maximum ?? input.categories?.at(-1) ?? input.example),
    inputs.map((input) => (input.nullable ? null : input.example)),
    inputs.map((input) => (input.type === 'text' && !input.closed ? 'never seen' : input.example)),
  ]
  const frame = frameOfCells(inputs, rows)
  const { probabilities } = predictor.predict(frame)
  const classes = predictor.classes.length
  const explanations = explainLast(predictor, frame)
  return rows.map((cells, row) => {
    const explanation = explanations?.rows[row]
    return {
      cells,
      probabilities: Array.from(probabilities.subarray(row * classes, (row + 1) * classes)),
      ...(explanation
        ? {
            baseValue: explanation.baseValues[0]!,
            shapValues: Array.from(explanation.shapValues[0]!),
          }
        : {}),
    }
  })
}

/** Returns the SHAP values of the last class, or undefined for a model that cannot be explained. */
function explainLast(predictor: Predictor, frame: DataFrame): Explanations | undefined {
  if (predictor.offers[0]?.refusal !== undefined) return undefined
  return predictor.explain(frame, { output: predictor.classes.at(-1) as string })
}

/** Largest difference to a stored number that another processor's arithmetic may make. */
const SELF_TEST_TOLERANCE = 1e-9

/**
 * Predicts and explains the rows stored in a model and compares with the stored answers.
 * @throws ArtifactError `self_test`: another build, another machine's arithmetic, or a damaged model
 */
export function runSelfTest(predictor: Predictor, artifact: Artifact): void {
  const frame = frameOfCells(
    artifact.preprocessor.inputs,
    artifact.selfTest.map(({ cells }) => cells),
  )
  const { predictions, explanations } = answer(predictor, frame)
  artifact.selfTest.forEach((expected, row) => {
    const probabilities = predictions.probabilities.subarray(
      row * artifact.classes.length,
      (row + 1) * artifact.classes.length,
    )
    const explanation = explanations?.rows[row]
    if ((explanation === undefined) !== (expected.shapValues === undefined)) {
      const problem = explanation ? 'lacks SHAP values' : 'has SHAP values that nothing can compute'
      throw new ArtifactError('self_test', `the model's self-test row ${row + 1} ${problem}`)
    }
    const stored = [...expected.probabilities, ...(expected.shapValues ?? [])]
    const computed = [...probabilities, ...(explanation?.shapValues[0] ?? [])]
    const pairs = [
      ...stored.map((value, i) => [value, computed[i]!] as const),
      [expected.baseValue ?? 0, explanation?.baseValues[0] ?? 0] as const,
    ]
    // Written so that NaN fails too.
    if (!pairs.every(([a, b]) => Math.abs(a - b) <= SELF_TEST_TOLERANCE)) {
      throw new ArtifactError(
        'self_test',
        `the model's self-test row ${row + 1} gives other numbers than at training`,
      )
    }
  })
}

/** A model whose numbers overflow on its own rows is none that a training wrote. */
function answer(predictor: Predictor, frame: DataFrame) {
  try {
    return { predictions: predictor.predict(frame), explanations: explainLast(predictor, frame) }
  } catch (error) {
    throw new ArtifactError(
      'self_test',
      `the model cannot answer its own self-test: ${(error as Error).message}`,
    )
  }
}
