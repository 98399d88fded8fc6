/** RecordIO frames around protobuf records, the format of SageMaker's own algorithms. */
import type { Predictions } from '../models/prediction.ts'
import { appendBlock } from './blocks.ts'
import { type Codec, decodedRows, type PredictionStyle } from './codec.ts'
import { ignoredByRow } from './ignored-names.ts'
import { labelRecord } from './label-record.ts'
import { frameOfNumbers } from './matrix.ts'
import { invalidRecord, type ProtobufCursor, writeHead } from './protobuf.ts'
import { readRecord } from './record.ts'
import { type Selected, selectLists } from './selection.ts'
import { sparseRows } from './sparse.ts'

const MAGIC = 0xced7230a

/**
 * RecordIO-protobuf: a record a row, its features["values"] dense, or sparse with 0 for absent values; NaN = missing.
 * Answers hold label["score"] (P(positive), or all probabilities) and label["predicted_label"] as float32; classes
 * that are not numbers are told by their place in the order of the probabilities, from 0. Selected members are
 * label[member] instead, where labels that are not numbers are texts.
 */
export const recordioProtobuf = {
  name: 'recordio-protobuf',
  mediaTypes: ['application/x-recordio-protobuf'],
  form: 'binary',
  joinBlocks: appendBlock,

  decode(body, context) {
    const rows = sparseRows(context)
    const ignored: (readonly string[])[] = []
    for (const record of framesOf(body)) ignored.push(readRecord(record, rows, context))
    const frame = frameOfNumbers(context, rows.length, context.inputs.length, rows.at)
    return decodedRows(frame, ignoredByRow(ignored))
  },

  encodePredictions(predictions, { selection }: Pick<PredictionStyle, 'selection'> = {}) {
    if (selection) return encodeSelected(predictions, selection)
    const { rows, classes, numericClasses, labels, probabilities } = predictions
    // Of two classes the second is the positive one.
    const firstScore = classes.length === 2 ? 1 : 0
    const scores = classes.length - firstScore
    const predictedHead = labelHead('predicted_label', 1)
    const scoreHead = labelHead('score', scores)
    const length = predictedHead.length + 4 + scoreHead.length + scores * 4
    const step = 8 + Math.ceil(length / 4) * 4
    const bytes = new Uint8Array(rows * step)
    const view = new DataView(bytes.buffer)
    for (let row = 0; row < rows; row++) {
      const start = row * step
      view.setUint32(start, MAGIC, true)
      view.setUint32(start + 4, length, true)
      let offset = start + 8
      bytes.set(predictedHead, offset)
      offset += predictedHead.length
      const label = labels[row]!
      view.setFloat32(offset, numericClasses ? Number(classes[label]) : label, true)
      offset += 4
      bytes.set(scoreHead, offset)
      offset += scoreHead.length
      for (let k = firstScore; k < classes.length; k++, offset += 4) {
        view.setFloat32(offset, probabilities[row * classes.length + k]!, true)
      }
    }
    return bytes
  },
} satisfies Codec

/** Returns a frame per row, each with a record of the selected members. */
function encodeSelected(predictions: Predictions, selection: readonly Selected[]): Uint8Array {
  const records = Array.from({ length: predictions.rows }, (_, row) =>
    labelRecord(selectLists(predictions, row, selection)),
  )
  const stepOf = ({ length }: Uint8Array) => 8 + Math.ceil(length / 4) * 4
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + stepOf(record), 0))
  const view = new DataView(bytes.buffer)
  let start = 0
  for (const record of records) {
    view.setUint32(start, MAGIC, true)
    view.setUint32(start + 4, record.length, true)
    bytes.set(record, start + 8)
    start += stepOf(record)
  }
  return bytes
}

/** Yields the record of every frame: magic number, length, bytes, padding to a multiple of 4. */
function* framesOf(body: Uint8Array): Generator<ProtobufCursor> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let next = 0
  while (next < body.length) {
    const start = next
    const left = body.length - start
    if (left >= 4 && view.getUint32(start, true) !== MAGIC) {
      throw invalidRecord(`byte ${start}: no RecordIO frame begins here`)
    }
    if (left < 8) throw invalidRecord(`byte ${start}: the frame is cut off`)
    const offset = start + 8
    const end = offset + view.getUint32(start + 4, true)
    next = Math.ceil(end / 4) * 4
    if (next > body.length) throw invalidRecord(`byte ${start}: the frame is cut off`)
    yield { view, offset, end }
  }
}

/** Returns what stands before the floats of Record.label[key]: its entry, Value.float32_tensor, Float32Tensor.values. */
function labelHead(key: string, count: number): number[] {
  const name = Array.from(new TextEncoder().encode(key))
  const length = count * 4
  const values = writeHead(1, length)
  const tensor = [...writeHead(2, values.length + length), ...values]
  const value = [...writeHead(2, tensor.length + length), ...tensor]
  const entry = [...writeHead(1, name.length), ...name, ...value]
  return [...writeHead(2, entry.length + length), ...entry]
}
