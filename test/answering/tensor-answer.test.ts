/** Tensors that are read and answered in blocks of any size are the tensors answered at once. */
import fc from 'fast-check'
import t from 'tap'
import type { JobResult, TensorJob } from '../../src/answering/job.ts'
import { runTensorJob } from '../../src/answering/tensor-job.ts'
import { outputNames } from '../../src/answering/tensor-outputs.ts'
import { InputError, type InputErrorCode } from '../../src/errors.ts'
import { loadCheckpoint } from '../helper.ts'

const { predictor, artifact } = await loadCheckpoint()
const { inputs } = artifact.preprocessor

const cellsOf = (input: (typeof inputs)[number]): fc.Arbitrary<unknown> => {
  const { type, nullable, categories, example } = input
  const present =
    type === 'number'
      ? fc.constantFrom(Number(example), ...(categories ?? []).map(Number))
      : fc.constantFrom(String(example), ...(categories ?? []).map(String), 'Ünal, Miss. "Ö"')
  return nullable ? fc.oneof(present, fc.constant(null)) : present
}
const tables = fc.array(fc.tuple(...inputs.map(cellsOf)), { minLength: 1, maxLength: 12 })
const outputs = fc
  .uniqueArray(fc.constantFrom(...outputNames), { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.boolean().map((binary_data) => ({ name, parameters: { binary_data } })),
      ),
    ),
  )

/** Tensors of columns by name. */
function bodyOf(rows: readonly (readonly unknown[])[], asked: unknown): Buffer {
  return Buffer.from(
    JSON.stringify({
      id: 'x',
      inputs: inputs.map(({ name, type }, j) => ({
        name,
        datatype: type === 'number' ? 'FP64' : 'BYTES',
        shape: [rows.length, 1],
        data: rows.map((row) => row[j]),
      })),
      outputs: asked,
    }),
  )
}

function jobOf(body: Uint8Array, more: Partial<TensorJob> = {}): TensorJob {
  return {
    operation: 'infer',
    body,
    headerLength: undefined,
    modelName: 'model',
    outputs: outputNames,
    options: [],
    limits: { maxRows: 1000, maxAnswerBytes: 1 << 24, maxSeconds: 50 },
    ...more,
  }
}

async function collect({ body, rest = [] }: JobResult): Promise<Buffer[]> {
  const parts = [Buffer.from(body)]
  for await (const block of rest) parts.push(Buffer.from(block))
  return parts
}

/** Returns an answer's bytes and counts, or how it is refused; and of how many parts the answer is. */
async function outcomeOf(job: TensorJob) {
  try {
    const result = runTensorJob(predictor, job, false)
    if (!result) throw new Error('no answer')
    const parts = await collect(result)
    const { rest, body, ...facts } = result
    return { parts: parts.length, outcome: { bytes: Buffer.concat(parts), facts } }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, message, places } = error
    return { parts: 0, outcome: { code, message, places } }
  }
}

t.test('in blocks as at once', async (t) => {
  let cut = 0
  await fc.assert(
    fc.asyncProperty(
      tables,
      outputs,
      fc.integer({ min: 1, max: 2000 }),
      async (rows, asked, blockBytes) => {
        const job = jobOf(bodyOf(rows, asked))
        const whole = await outcomeOf(job)
        const blocks = await outcomeOf({ ...job, blockBytes })
        if (blocks.parts > 1) cut++
        t.equal(whole.parts, 1)
        t.strictSame(blocks.outcome, whole.outcome)
      },
    ),
    { numRuns: 200 },
  )
  t.ok(cut > 50, `${cut} answers in blocks`)
})

t.test('JSON is as JSON.stringify writes it', async (t) => {
  await fc.assert(
    fc.asyncProperty(tables, outputs, async (rows, asked) => {
      const { outcome } = await outcomeOf(jobOf(bodyOf(rows, asked), { blockBytes: 64 }))
      const { bytes, facts } = outcome as { bytes: Buffer; facts: { jsonLength?: number } }
      const json = bytes.toString('utf8', 0, facts.jsonLength ?? bytes.length)
      t.equal(JSON.stringify(JSON.parse(json)), json)
    }),
    { numRuns: 50 },
  )
})

t.test('a wrong value is named by its row', async (t) => {
  const row = inputs.map(({ example }) => example)
  const number = inputs.findIndex(({ type }) => type === 'number')
  const wrong = row.map((value, j) => (j === number ? 'many' : value))
  const body = bodyOf([...Array(30).fill(row), wrong, row], [])
  for (const blockBytes of [1, 500, 1 << 20]) {
    const { outcome } = await outcomeOf(jobOf(body, { blockBytes }))
    t.match(outcome, { message: /row 31/, places: [{ row: 31, column: inputs[number]?.name }] })
  }
})

t.test('only what must be made before it is sent is limited', async (t) => {
  const row = inputs.map(({ example }) => example)
  const refusal = async (
    name: string,
    binary_data: boolean,
  ): Promise<InputErrorCode | undefined> => {
    const body = bodyOf(Array(50).fill(row), [{ name, parameters: { binary_data } }])
    const limits = { maxRows: 1000, maxAnswerBytes: 100, maxSeconds: 50 }
    return ((await outcomeOf(jobOf(body, { limits }))).outcome as { code?: InputErrorCode }).code
  }
  for (const name of outputNames) t.equal(await refusal(name, false), undefined, `${name} as JSON`)
  t.equal(await refusal('predict', true), undefined)
  t.equal(await refusal('predict_proba', true), undefined)
  t.equal(await refusal('explain', true), 'too_large')
})
