/** The Python side: a process that trains, writes the model as a file, and times its library when it is asked to. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Matrix } from '../../src/data/matrix.ts'

const PYTHON = process.env.PYTHON ?? 'python3'
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
const COLUMNS = 30

export interface ReferenceModel {
  readonly version: string
  readonly bytes: Uint8Array
  readonly file: string
  readonly rows: Matrix
  /** Of the first rows, [row][output]. */
  readonly margins: readonly number[]
  /** Of the first rows, [row][output][column and base value]. */
  readonly contributions: readonly number[]
  readonly calls: readonly string[]
}

export interface Reference {
  /** Trains and keeps a model; undefined, with a notice, where its library is missing. */
  train(name: string, trees: number): Promise<ReferenceModel | undefined>
  /** Returns the CPU microseconds per row of a call on the model that was trained last. */
  time(call: string): Promise<number>
  close(): void
}

export function startReference(folder: string): Reference {
  const child = spawn(PYTHON, [join('bench', 'python', 'import_reference.py'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...ONE_THREAD },
  })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (task: object): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(task)}\n`)
    const line = await lines.next()
    return line.done ? { missing: `${PYTHON} did not answer` } : JSON.parse(line.value)
  }
  return {
    async train(name, trees) {
      const answer = await ask({ train: name, trees })
      if (answer.missing !== undefined) {
        console.log(`notice: ${name} is left out: ${answer.missing}`)
        return undefined
      }
      const data = readFileSync(join(folder, 'rows'))
      const numbers = new Float64Array(
        data.buffer.slice(data.byteOffset, data.byteOffset + data.length),
      )
      return {
        ...(answer as unknown as Omit<ReferenceModel, 'bytes' | 'rows'>),
        bytes: new Uint8Array(readFileSync(join(folder, answer.file as string))),
        rows: { rows: numbers.length / COLUMNS, columns: COLUMNS, data: numbers },
      }
    },
    time: async (call) => Number((await ask({ time: call })).us),
    close: () => child.stdin.end(),
  }
}
