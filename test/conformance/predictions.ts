/** Predictions in any dialect, brought to one form. */
import { isNpy, type NumpyArray, parseNpy, product } from './npy.ts'
import { decodeJson, decodeText, linesOf, parseCsv } from './text.ts'

/** One row's prediction; what an answer does not tell is absent. */
export interface Prediction {
  readonly label?: string
  /** Of a binary model: the probability of its second class. */
  readonly score?: number
  readonly probabilities?: readonly number[]
  /** Names of the classes, in the order of the probabilities. */
  readonly classes?: readonly string[]
}

export interface Predictions {
  readonly rows: readonly Prediction[]
  /** Whether the numbers went through 32-bit floats. */
  readonly float32: boolean
}

type Fields = Readonly<Record<string, unknown>>

const lineTypes = ['jsonlines', 'x-jsonlines', 'jsonl', 'x-ndjson', 'ndjson'].map(
  (name) => `application/${name}`,
)

/**
 * Returns the predictions in a body.
 * @throws Error for a body without predictions
 */
export function decodePredictions(body: Uint8Array, contentType: string | undefined): Predictions {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (isNpy(body)) return ofArray(parseNpy(body))
  if (type === 'application/x-npy') return ofArray(parseNpy(fromBase64(body)))
  if (type === 'text/csv') return { rows: ofCsv(decodeText(body)), float32: false }
  if (lineTypes.includes(type)) {
    const lines = linesOf(decodeText(body)).map((line) => JSON.parse(line) as unknown)
    return { rows: ofList(lines), float32: false }
  }
  if (type === '' || type.endsWith('json')) return ofJson(decodeJson(body))
  throw new Error(`the runner reads no predictions in ${type}`)
}

function fromBase64(body: Uint8Array): Uint8Array {
  const bytes = Buffer.from(Buffer.from(body).toString('latin1').replaceAll('"', ''), 'base64')
  return isNpy(bytes) ? bytes : body
}

function ofJson(root: unknown): Predictions {
  if (Array.isArray(root)) return { rows: ofList(root), float32: false }
  const fields = isObject(root) ? root : {}
  for (const name of ['predictions', 'explanations']) {
    const own = fields[name]
    if (Array.isArray(own)) return { rows: ofList(own), float32: false }
    if (isObject(own) && typeof own.data === 'string')
      return decodePredictions(Buffer.from(own.data), String(own.content_type))
  }
  if (Array.isArray(fields.outputs) && fields.outputs.every(isObject))
    return ofOutputs(fields.outputs)
  return { rows: [ofElement(root, false)], float32: false }
}

function ofList(elements: readonly unknown[]): Prediction[] {
  const isLabels = elements.every((element) => Number.isInteger(numberIn(element)))
  return elements.map((element) => ofElement(element, isLabels))
}

/** A number by itself is a label where all of them are whole, a score otherwise. */
function ofElement(element: unknown, isLabel: boolean): Prediction {
  const number = numberIn(element)
  if (number !== undefined) return isLabel ? { label: String(number) } : { score: number }
  if (typeof element === 'string' || typeof element === 'boolean')
    return { label: writeLabel(element) }
  if (isNumbers(element)) return { probabilities: element }
  if (!isObject(element)) throw new Error(`${JSON.stringify(element)} is no prediction`)
  const label = element.predicted_label ?? element.label ?? element.class
  const { score = element.probability, probabilities = score } = element
  const found: Prediction = {
    ...(label === undefined || label === null ? {} : { label: writeLabel(label) }),
    ...(typeof score === 'number' ? { score } : {}),
    ...(isNumbers(probabilities) ? { probabilities } : {}),
    ...(isObject(probabilities) && isNumbers(Object.values(probabilities))
      ? {
          probabilities: Object.values(probabilities) as number[],
          classes: Object.keys(probabilities),
        }
      : {}),
  }
  if (Object.keys(found).length > 0) return found
  throw new Error(`${JSON.stringify(element).slice(0, 100)} has neither label nor score`)
}

function ofCsv(text: string): Prediction[] {
  const rows = parseCsv(text)
  const isLabels = rows.every(([cell = '', ...more]) => more.length === 0 && /^-?\d+$/.test(cell))
  return rows.map((cells, index): Prediction => {
    const values = cells.map((cell) => valueOfCell(cell.trim(), index + 1))
    if (values.length === 1) return ofElement(values[0], isLabels)
    if (isNumbers(values) && isDistribution(values)) return { probabilities: values }
    // Columns of a list that was asked for: the first whole number or text is the label.
    const label = values.find((value) => typeof value === 'string' || Number.isInteger(value))
    const score = values.find((value) => typeof value === 'number' && !Number.isInteger(value))
    const probabilities = values.find((value) => isNumbers(value) && !value.every(Number.isInteger))
    return ofElement(
      {
        predicted_label: label,
        ...(score === undefined ? {} : { score }),
        ...(probabilities === undefined ? {} : { probabilities }),
      },
      false,
    )
  })
}

function valueOfCell(cell: string, row: number): unknown {
  if (cell === '' || /^-?(nan|inf|infinity|null|none)$/i.test(cell))
    throw new Error(`row ${row} of the answer has no prediction: ${JSON.stringify(cell)}`)
  if (cell.startsWith('[')) return JSON.parse(cell)
  return Number.isFinite(Number(cell)) ? Number(cell) : cell
}

function ofArray({ descr, shape, values }: NumpyArray): Predictions {
  const [rows = 1] = shape
  const width = rows === 0 ? 1 : values.length / rows
  const isLabels = !descr.includes('f')
  return {
    rows: Array.from({ length: rows }, (_, row) =>
      width === 1
        ? ofElement(values[row], isLabels)
        : ofElement(values.slice(row * width, (row + 1) * width), false),
    ),
    float32: descr.endsWith('f4'),
  }
}

/** Outputs of the Open Inference Protocol: each tells something of every row. */
function ofOutputs(outputs: readonly Fields[]): Predictions {
  const parts = outputs.map(({ name, shape, datatype, data }) => {
    const values = Array.isArray(data) ? (data.flat(Number.POSITIVE_INFINITY) as unknown[]) : []
    if (!isNumbers(shape) || product(shape) !== values.length)
      throw new Error(`the output ${JSON.stringify(name)} has data of another shape`)
    const [rows = 1] = shape
    const width = rows === 0 ? 1 : values.length / rows
    const isLabels = !String(datatype).startsWith('FP') || values.every(Number.isInteger)
    return Array.from({ length: rows }, (_, row) =>
      width === 1
        ? ofElement(values[row], isLabels)
        : ofElement(values.slice(row * width, (row + 1) * width), false),
    )
  })
  const [first = []] = parts
  if (parts.some((part) => part.length !== first.length))
    throw new Error('the outputs have different numbers of rows')
  return {
    rows: first.map((_, row) => Object.assign({}, ...parts.map((part) => part[row])) as Prediction),
    float32: outputs.some(({ datatype }) => datatype === 'FP32' || datatype === 'FP16'),
  }
}

function writeLabel(label: unknown): string {
  if (typeof label === 'boolean') return label ? '1' : '0'
  if (typeof label === 'string' && label.trim() !== '' && Number.isFinite(Number(label)))
    return String(Number(label))
  if (typeof label === 'string' || typeof label === 'number') return String(label)
  throw new Error(`${JSON.stringify(label)} is no label`)
}

/** Lists of one number count as that number. */
function numberIn(element: unknown): number | undefined {
  const value: unknown = Array.isArray(element) && element.length === 1 ? element[0] : element
  return typeof value === 'number' ? value : undefined
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => Number.isFinite(part))
}

function isDistribution(values: readonly number[]): boolean {
  const sum = values.reduce((total, value) => total + value, 0)
  return values.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) <= 1e-6
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
