/** What the SageMaker Python SDK really sends, recorded by test/clients/record_serializers.py. */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { findCodec } from '../../src/codecs/index.ts'
import type { Cell } from '../../src/data/frame.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import { refusalOf, rowsOf, type TextCodec } from '../helper.ts'
import { numberColumns } from './numbers.ts'

interface Recorded {
  readonly name: string
  readonly content_type: string
  /** Base64 */
  readonly body: string
  /** What went in; null where there are no rows in the bytes. */
  readonly rows: readonly (readonly Cell[])[] | null
}

const url = new URL('../fixtures/sagemaker-sdk.jsonl', import.meta.url)
const [, ...recorded] = (await readFile(url, 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

/** How bytes without rows are refused. */
const refusals: Readonly<Record<string, InputErrorCode | 'unsupported_media_type'>> = {
  'CSV of an array with an infinity': 'invalid_number',
  'JSON of an array with an infinity': 'non_finite',
  "JSON Lines of a dict's keys": 'invalid_shape',
  'npy of texts, which is a pickle': 'invalid_npy',
  'npz of a sparse matrix': 'unsupported_media_type',
  'raw bytes': 'unsupported_media_type',
  'plain text': 'unsupported_media_type',
}

const numbers = numberColumns(3)
/** A model whose second column is text. */
const texts = {
  ...numbers,
  inputs: numbers.inputs.map((input, j) => (j === 1 ? { ...input, type: 'text' as const } : input)),
}

for (const { name, content_type, body, rows } of recorded) {
  t.test(`${name} is ${rows ? 'read' : 'refused'}`, (t) => {
    const codec = findCodec(content_type)
    const hasTexts = rows?.flat().some((cell) => typeof cell === 'string')
    const decode = () =>
      (codec as TextCodec).decode(
        Buffer.from(body, 'base64'),
        hasTexts ? texts : numbers,
        new Map(),
      )
    if (rows) t.strictSame(rowsOf(decode().frame), rows)
    else if (codec) t.equal(refusalOf(decode).code, refusals[name])
    else t.equal('unsupported_media_type', refusals[name])
    t.end()
  })
}

t.test('nothing that could be recorded is left out', (t) => {
  const kinds = new Set(recorded.map(({ content_type }) => content_type))
  t.equal(kinds.size, 9)
  t.strictSame(
    recorded.filter(({ rows }) => rows === null).map(({ name }) => name),
    Object.keys(refusals).toSorted((a, b) => nameIndex(a) - nameIndex(b)),
  )
  t.end()
})

function nameIndex(name: string): number {
  return recorded.findIndex((one) => one.name === name)
}
