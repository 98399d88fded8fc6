/** Answers tensors of the Open Inference Protocol by tensors. */
import { randomUUID } from 'node:crypto'
import { numberedFrom } from '../codecs/blocks.ts'
import { type Decoded, decodedRows } from '../codecs/codec.ts'
import { decodeInstances } from '../codecs/json.ts'
import { jsonLines } from '../codecs/json-lines.ts'
import { parseJson } from '../codecs/json-text.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { numberFrom } from './explained-rows.ts'
import type { JobResult, TensorJob } from './job.ts'
import { findWarnings, leastBytes, tellRows } from './job-warnings.ts'
import {
  BLOCK_BYTES,
  checkBytes,
  checkSeconds,
  explanationRowBytes,
  INLINE_BYTES,
  INLINE_SECONDS,
} from './limits.ts'
import { type CheckedRows, checkBlocks } from './read-rows.ts'
import { type AnswerRows, writeTensors } from './tensor-answer.ts'
import type { Output, OutputName } from './tensor-outputs.ts'
import { readRequest, splitBody, type TensorOptions } from './tensor-request.ts'
import { readTensorRows, type TensorRows } from './tensor-rows.ts'

/** Predictions of all rows up to so many bytes are kept, where several outputs are made of them. */
const KEPT_BYTES = 64 << 20

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body
 */
export function runTensorJob(
  predictor: Predictor,
  job: TensorJob,
  inline: boolean,
): JobResult | undefined {
  const { json, binary } = splitBody(job)
  const { id, inputs, outputs, isDefault, options } = readRequest(job, parseJson(decodeUtf8(json)))
  const table = readTensorRows(
    inputs,
    predictor.preprocessor.spec.inputs,
    job.limits.maxRows,
    binary,
  )
  const rows = readBlocks(predictor, table, job.blockBytes ?? BLOCK_BYTES)
  const explained = outputs.find(({ name }) => name === 'explain')
  const check = () =>
    checkExplanations(predictor, job, rows, options, explained?.isBinary === true, !inline)
  if (explained) {
    const seconds = isDefault ? withWayOut(check) : check()
    if (inline && seconds > INLINE_SECONDS) return undefined
  }
  if (inline && answerBytes(predictor, rows, outputs, options) > INLINE_BYTES) return undefined
  const answer = writeTensors(
    { model_name: job.modelName, model_version: predictor.modelId, id: id ?? randomUUID() },
    outputs,
    answerRows(predictor, rows, options),
    job.blockBytes ?? BLOCK_BYTES,
  )
  return {
    ...answer,
    rows: rows.length,
    ignoredColumns: rows.ignoredColumns,
    unknownCategories: rows.unknownCategories,
    warnings: rows.warnings,
  }
}

/** Returns the rows of tensors, all of them read and checked. */
function readBlocks(predictor: Predictor, table: TensorRows, blockBytes: number): CheckedRows {
  const { spec } = predictor.preprocessor
  const context = { ...spec, maxRows: table.length }
  // A row of lists takes some 40 bytes a cell.
  const step = Math.max(1, Math.floor(blockBytes / (40 * Math.max(1, spec.inputs.length))))
  function* read(): Generator<Decoded> {
    let asLists: boolean | undefined
    for (let from = 0; from === 0 || from < table.length; from += step) {
      const cells = table.slice(from, Math.min(from + step, table.length))
      const decoded = numberedFrom(from, () => decodeInstances(cells, context, asLists))
      asLists = decoded.asLists
      yield decodedRows(decoded.frame, decoded.ignored)
    }
  }
  return checkBlocks(predictor, read(), read)
}

/**
 * @param isWhole whether all explanations are made before the first is sent
 * @param prepare whether an explainer may be built here and now
 * @returns estimated seconds
 * @throws InputError for options that the model cannot follow, and explanations that take too much
 */
function checkExplanations(
  predictor: Predictor,
  { limits }: TensorJob,
  rows: CheckedRows,
  options: TensorOptions,
  isWhole: boolean,
  prepare: boolean,
): number {
  predictor.checkOptions(options)
  if (isWhole) {
    const bytes = rows.length * explanationRowBytes(predictor, options)
    checkBytes(bytes, limits, options.warnings === false ? 0 : leastBytes({ count: rows.warnings }))
  }
  const seconds = predictor.estimateSeconds(rows.length, options, prepare)
  checkSeconds(seconds, rows.length, limits)
  return seconds
}

/** Returns about how many bytes the tensors of an answer have, on the safe side. */
function answerBytes(
  predictor: Predictor,
  { length }: CheckedRows,
  outputs: readonly Output[],
  options: TensorOptions,
): number {
  const { classes } = predictor
  const rowBytes: Readonly<Record<OutputName, () => number>> = {
    predict: () => Math.max(24, ...classes.map((name) => 2 * name.length + 4)),
    predict_proba: () => 24 * classes.length,
    explain: () => explanationRowBytes(predictor, options),
  }
  return length * outputs.reduce((sum, { name }) => sum + rowBytes[name](), 0)
}

/** Returns what the tensors of an answer are made of. */
function answerRows(predictor: Predictor, rows: CheckedRows, options: TensorOptions): AnswerRows {
  const { classes, numericClasses } = predictor
  const { length } = rows
  const predictions: Predictions[] = []
  return {
    length,
    classes,
    numericClasses,
    *predictions() {
      if (predictions.length > 0) yield* predictions
      else {
        const isKept = length * classes.length * 8 <= KEPT_BYTES
        for (const { frame } of rows.blocks()) {
          const predicted = predictor.predict(frame)
          if (isKept) predictions.push(predicted)
          yield predicted
        }
      }
    },
    *explanations() {
      const isPart = length > 1
      let before = 0
      for (const block of rows.blocks()) {
        const explanations = predictor.explain(block.frame, { ...options, isPart })
        const lines = jsonLines.encodeExplanations(numberFrom(explanations, before), {
          format: 'json',
          mediaParameters: new Map(),
          warnings: tellRows(findWarnings(predictor, block), options.warnings),
        })
        before += block.frame.length
        yield lines.split('\n').filter((line) => line !== '')
      }
    },
  }
}

/** An explanation that nobody has asked for by name is refused with what to ask instead. */
function withWayOut<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    const isCost = error instanceof InputError && /^too_/.test(error.code)
    if (!isCost) throw error
    throw new InputError(error.code, `${error.message}, or name "outputs" without "explain"`)
  }
}
