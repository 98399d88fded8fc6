/** Answers of the Open Inference Protocol: tensors of all rows, written block by block. */
import { labelAt } from '../codecs/wire.ts'
import type { Predictions } from '../models/prediction.ts'
import { beginAnswer } from './begin-answer.ts'
import { writeBinaryData } from './binary-tensors.ts'
import type { JobResult } from './job.ts'
import type { Output, OutputName } from './tensor-outputs.ts'

/** What the tensors of an answer are made of. */
export interface AnswerRows {
  readonly length: number
  readonly classes: readonly string[]
  readonly numericClasses: boolean
  /** Yields the predictions of all rows, block by block. */
  predictions(): Iterable<Predictions>
  /** Yields a text per row, block by block. */
  explanations(): Iterable<readonly string[]>
}

type Value = number | string

/** Returns the values of a block of rows. */
const valuesOf: Readonly<
  Record<Exclude<OutputName, 'explain'>, (predictions: Predictions) => readonly Value[]>
> = {
  predict: (predictions) =>
    Array.from({ length: predictions.rows }, (_, row) => labelAt(predictions, row)),
  predict_proba: ({ probabilities }) => Array.from(probabilities),
}

const encoder = new TextEncoder()

/**
 * Returns an answer: JSON, and behind it the data of the tensors that were asked for as bytes. It is whole where it is no
 * larger than a block, otherwise its beginning and the blocks that follow, each made when it is asked for.
 * @param head members before the outputs
 */
export function writeTensors(
  head: Readonly<Record<string, unknown>>,
  outputs: readonly Pick<Output, 'name' | 'isBinary'>[],
  rows: AnswerRows,
  blockBytes: number,
): Pick<JobResult, 'body' | 'rest' | 'contentType' | 'jsonLength'> {
  const tensors = outputs.map((output) => planTensor(output, rows))
  if (!tensors.some(({ bytes }) => bytes))
    return { ...beginAnswer(writeJson(head, tensors), blockBytes), contentType: 'application/json' }
  let jsonLength = 0
  const json = [...writeJson(head, tensors)]
  for (const part of json) jsonLength += part.length
  const binary = tensors.flatMap(({ bytes }) => bytes ?? [])
  const answer = beginAnswer(inTurn(json, ...binary.map(({ blocks }) => blocks())), blockBytes)
  return { ...answer, contentType: 'application/octet-stream', jsonLength }
}

/** One output tensor. */
interface Tensor {
  /** Its description as JSON, without its data. */
  readonly about: Readonly<Record<string, unknown>>
  /** Yields its values, block by block. */
  values(): Iterable<readonly Value[]>
  /** What stands behind the JSON, if it is binary. */
  readonly bytes: { readonly size: number; blocks(): Iterable<Uint8Array> } | undefined
}

function planTensor(
  { name, isBinary }: Pick<Output, 'name' | 'isBinary'>,
  rows: AnswerRows,
): Tensor {
  const { length, classes, numericClasses } = rows
  const isText = name === 'explain' || (name === 'predict' && !numericClasses)
  const about = {
    name,
    shape: name === 'predict_proba' ? [length, classes.length] : [length],
    datatype: isText ? 'BYTES' : 'FP64',
  }
  function* values(): Generator<readonly Value[]> {
    if (name === 'explain') yield* rows.explanations()
    else for (const block of rows.predictions()) yield valuesOf[name](block)
  }
  if (!isBinary) return { about, values, bytes: undefined }
  // Explanations cost too much to be made twice; the size of what else there is stands before it.
  const kept = name === 'explain' ? [...values()].map(writeBinaryData) : undefined
  function* blocks(): Generator<Uint8Array> {
    if (kept) yield* kept
    else for (const block of values()) yield writeBinaryData(block)
  }
  let size = 0
  for (const block of blocks()) size += block.length
  const parameters = { binary_data_size: size }
  return { about: { ...about, parameters }, values, bytes: { size, blocks } }
}

/** Yields the JSON of an answer, as JSON.stringify would write it. */
function* writeJson(
  head: Readonly<Record<string, unknown>>,
  tensors: readonly Tensor[],
): Generator<Uint8Array> {
  let text = `${JSON.stringify(head).slice(0, -1)},"outputs":[`
  for (const [i, { about, values, bytes }] of tensors.entries()) {
    if (i > 0) text += ','
    const described = JSON.stringify(about)
    if (bytes) {
      text += described
      continue
    }
    text += `${described.slice(0, -1)},"data":[`
    let isFirst = true
    for (const block of values()) {
      if (block.length === 0) continue
      text += `${isFirst ? '' : ','}${JSON.stringify(block).slice(1, -1)}`
      isFirst = false
      yield encoder.encode(text)
      text = ''
    }
    text += ']}'
  }
  yield encoder.encode(`${text}]}`)
}

function* inTurn<T>(...lists: readonly Iterable<T>[]): Generator<T> {
  for (const list of lists) yield* list
}
