/** A directory of format version 1 still loads and gives the answers that the program of that version gave. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MANIFEST_FILE } from '../../src/artifact/artifact.ts'
import type { Cell } from '../../src/data/frame.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { checkpoint } from '../helper.ts'
import { encodeChanged, parseFile, readFiles } from './model-files.ts'

const directory = join(import.meta.dirname, '../fixtures/format-1')

interface Answers {
  readonly base_values: readonly number[]
  readonly rows: readonly {
    readonly outputs: readonly number[]
    readonly shap_values: readonly (readonly number[])[]
  }[]
}

const { rows, ...answers } = JSON.parse(readFileSync(join(directory, 'answers.json'), 'utf8')) as {
  rows: Cell[][]
} & Record<string, Answers>

t.test('it is read and answers as it did', async (t) => {
  t.equal(parseFile(readFiles(directory), MANIFEST_FILE).format_version, 1)
  const { artifact } = await readModelDirectory(directory)
  const predictor = buildPredictor(artifact)
  const frame = frameOfCells(artifact.preprocessor.inputs, rows)
  t.strictSame(Object.keys(answers), ['tree_path_dependent', 'tree_interventional'])
  for (const [method, expected] of Object.entries(answers)) {
    const found = predictor.explain(frame, { method, output: 'all', isPart: true })
    t.strictSame(found.shared?.baseValues, expected.base_values, `${method}: base values`)
    found.rows.forEach(({ outputs, shapValues }, i) => {
      t.strictSame(outputs, expected.rows[i]?.outputs, `${method}: outputs of row ${i + 1}`)
      // Kernels may add up in another order than those of then: a last bit or two.
      const then = expected.rows[i]?.shap_values.flat() ?? []
      const now = shapValues.flatMap((values) => [...values])
      t.equal(now.length, then.length)
      const off = now.map((value, at) => Math.abs(value - (then[at] ?? Number.NaN)))
      t.ok(Math.max(...off) <= 1e-15, `${method}: SHAP values of row ${i + 1}`)
    })
  }
})

t.test('written again it has the next version, and numbers of the same bytes', async (t) => {
  const old = readFiles(directory)
  const { artifact } = await readModelDirectory(directory)
  const anew = encodeChanged(artifact)
  t.equal(parseFile(anew, MANIFEST_FILE).format_version, 2)
  t.strictSame([...anew.keys()].sort(), [...old.keys()].sort())
  const current = await readModelDirectory(checkpoint)
  t.strictSame(artifact.model, current.artifact.model, 'the model that ships is the same')
  const withoutId = (bytes: Uint8Array | undefined) =>
    Buffer.from(bytes ?? [])
      .toString('latin1')
      .replace(/"model_id": ?"[0-9a-f]{32}"/g, '')
  for (const [name, bytes] of old) {
    if (name !== MANIFEST_FILE) t.equal(withoutId(anew.get(name)), withoutId(bytes), name)
  }
})
