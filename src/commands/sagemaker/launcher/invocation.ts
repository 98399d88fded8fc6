/** The request of a part of a file, and what its answer becomes in that of the whole. Pure. */
import { parseExplainOptions } from '../../../answering/explain-options.ts'
import type { Operation } from '../../../answering/media-type.ts'
import { InputError, quote } from '../../../errors.ts'
import type { Part } from '../../../tables/row-files.ts'
import { type AnswerFormat, mediaTypes } from '../../rows/formats.ts'

/** Headers and body of an invocation, as the SDK names them. */
export interface Invocation {
  readonly ContentType: string
  readonly Accept: string
  readonly CustomAttributes?: string
  readonly Body: Uint8Array
}

/** What SageMaker's API takes of rows and of custom attributes. */
const MAX_BODY = 6 << 20
const MAX_ATTRIBUTES = 1024

/**
 * Returns the custom attributes that ask an endpoint for explanations: nothing else but headers reaches the container.
 * @param options of explanations, by their names in requests
 * @throws InputError `invalid_option` for a value that a header cannot carry
 */
export function attributesOf(options: readonly (readonly [string, unknown])[]): string {
  parseExplainOptions(options)
  const pairs = options.map(([name, value]) => {
    const text = String(value)
    // Lists have bars there, because commas part the attributes.
    const carried = name === 'freeze' ? text.replaceAll(',', '|') : text
    if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(carried) && !/[,;%]/.test(carried))
      return `${name}=${carried}`
    throw new InputError(
      'invalid_option',
      `${name} is ${quote(text)}, which no header of SageMaker carries: ASCII without comma, semicolon and percent`,
    )
  })
  const attributes = ['explain=shap', ...pairs].join(',')
  if (attributes.length <= MAX_ATTRIBUTES) return attributes
  throw new InputError(
    'invalid_option',
    `the options take ${attributes.length} characters, of which SageMaker carries ${MAX_ATTRIBUTES}`,
  )
}

/**
 * Returns the request of a part; only the first part's answer has a header.
 * @throws InputError `too_large`
 */
export function invocationOf(
  operation: Operation,
  attributes: string | undefined,
  { body, format, parameters, rowOffset }: Part,
  answer: AnswerFormat,
  isFirst: boolean,
): Invocation {
  if (body.length > MAX_BODY)
    throw new InputError(
      'too_large',
      `the rows ${rowOffset === 0 ? '' : `after row ${rowOffset} `}take ${body.length} bytes in one request, of which an endpoint takes ${MAX_BODY}; answer them as csv or jsonl (--format), with smaller --batch-bytes, or by sagemaker transform`,
    )
  const said = [...parameters].map(([name, value]) => `;${name}=${value}`)
  return {
    ContentType: `${mediaTypes[format]}${said.join('')}`,
    Accept: `${mediaTypes[answer]}${isFirst || answer !== 'csv' ? '' : ';header=absent'}`,
    ...(operation === 'explain' ? { CustomAttributes: attributes } : {}),
    Body: body,
  }
}

/** Returns an answer with rows numbered as in the whole file. */
export function numberAnswer(
  body: Uint8Array,
  format: AnswerFormat,
  rowOffset: number,
): Uint8Array {
  if (rowOffset === 0) return body
  if (format === 'csv') return Buffer.from(numberCsv(Buffer.from(body).toString(), rowOffset))
  if (format !== 'jsonl') return body
  const lines = Buffer.from(body).toString().split('\n')
  const numbered = lines.map((line) =>
    line.replace(/^\{"row":(\d+)/, (_, row: string) => `{"row":${Number(row) + rowOffset}`),
  )
  return Buffer.from(numbered.join('\n'))
}

/** Explanations begin with the number of their row; a line end in quotes is none. */
function numberCsv(text: string, rowOffset: number): string {
  const records: string[] = []
  let start = 0
  let isOpen = false
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf('\n', from)
    const end = found < 0 ? text.length : found + 1
    for (let at = text.indexOf('"', from); at >= 0 && at < end; at = text.indexOf('"', at + 1))
      isOpen = !isOpen
    if (!isOpen) {
      const record = text.slice(start, end)
      records.push(record.replace(/^\d+(?=,)/, (row) => String(Number(row) + rowOffset)))
      start = end
    }
    from = end
  }
  return records.join('') + text.slice(start)
}

/** Returns a container's message with rows numbered as in the whole file. */
export function numberMessage(message: string, rowOffset: number): string {
  if (rowOffset === 0) return message
  return message.replace(/\brow (\d+)\b/, (_, row: string) => `row ${Number(row) + rowOffset}`)
}
