/** Models that libraries wrote, with their own answers: through the reader, and through the command. */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { shapserve } from '../command.ts'

interface Golden {
  readonly model: { file: string; encoding: 'utf-8' | 'base64'; data: string }
  readonly columns: readonly { name: string }[]
  readonly classes: readonly string[]
  readonly options: { format: string; rounds?: 'best' | 'all' | number }
  readonly rows: readonly (readonly Cell[])[]
  readonly library: {
    margins: number[][]
    probabilities?: number[][]
    contributions: number[][][]
  }
  readonly exact: {
    margins: number[][]
    probabilities: number[][]
    base_values: number[]
    shap_values: number[][][]
  }
}

const folder =
  process.env.GOLDEN_IMPORT_DIR ?? join(import.meta.dirname, '../fixtures/golden-import')
const goldens = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Golden] as const)
  .filter(([, { options }]) => options.format === 'xgboost')

/** Fails at the first number that is further off than `most`. */
function near(
  t: Test,
  found: Iterable<number>,
  wanted: readonly number[],
  most: number,
  name: string,
) {
  const numbers = [...found]
  t.equal(numbers.length, wanted.length, `${name}: as many`)
  const off = numbers.map((number, i) => Math.abs(number - wanted[i]!))
  const at = off.findIndex((difference) => !(difference <= most))
  t.equal(at, -1, `${name}: ${at < 0 ? '' : `${numbers[at]} for ${wanted[at]}`}`)
}

t.ok(goldens.length > 0, 'there are some')
for (const [name, golden] of goldens) {
  const { model, columns, classes, options, rows, library, exact } = golden
  const bytes = Buffer.from(model.data, model.encoding === 'base64' ? 'base64' : 'utf8')

  t.test(`${name}: the reader`, (t) => {
    const read = readModelFile(bytes, model.file, 'auto', { rounds: options.rounds })
    const words = { target: 'label', columns: columns.map((column) => column.name), classes }
    const predictor = buildPredictor(draftImport(read, words, '0'.repeat(64)))
    const frame = frameOfCells(predictor.preprocessor.spec.inputs, rows)
    const { probabilities } = predictor.predict(frame)
    near(t, probabilities, exact.probabilities.flat(), 1e-12, 'probabilities')
    if (library.probabilities)
      near(t, probabilities, library.probabilities.flat(), 1e-6, "the library's probabilities")
    const outputs = exact.margins[0]!.length
    const explained = predictor.explain(frame, {
      output: outputs === 1 ? classes.at(-1)! : 'all',
    })
    near(t, explained.shared?.baseValues ?? [], exact.base_values, 1e-9, 'base values')
    explained.rows.forEach((row, i) => {
      near(t, row.outputs, exact.margins[i]!, 1e-12, `row ${i} margins`)
      near(t, row.outputs, library.margins[i]!, 1e-5, `row ${i} the library's margins`)
      for (let k = 0; k < outputs; k++) {
        const phi = row.shapValues[k]!
        near(t, phi, exact.shap_values[i]![k]!, 1e-9, `row ${i} SHAP`)
        near(t, phi, library.contributions[i]![k]!.slice(0, -1), 2e-5, `row ${i} contributions`)
        const sum = phi.reduce((a, b) => a + b, row.baseValues[k]!)
        t.ok(Math.abs(sum - row.outputs[k]!) <= 1e-12, `row ${i} adds up`)
      }
    })
    t.end()
  })

  t.test(`${name}: the command`, async (t) => {
    const dir = t.testdir()
    const [file, modelDir] = [join(dir, model.file), join(dir, 'model')]
    await writeFile(file, bytes)
    const names = columns.map((column) => column.name)
    const csv = (heads: readonly string[], lines: readonly (readonly Cell[])[]) =>
      `${[heads, ...lines].map((cells) => cells.join(',')).join('\n')}\n`
    await writeFile(join(dir, 'rows.csv'), csv(names, rows))
    await writeFile(
      join(dir, 'answers.csv'),
      csv(
        [...names, ...classes],
        rows.map((row, i) => [...row, ...(library.probabilities ?? exact.probabilities)[i]!]),
      ),
    )
    const args = ['import', file, '--model-dir', modelDir, '--columns', names.join(), '--json']
    const imported = await shapserve([
      ...args,
      ...['--classes', classes.join(), '--check', join(dir, 'answers.csv')],
      ...['--background', join(dir, 'rows.csv')],
    ])
    t.equal(imported.status, 0, imported.stderr)
    const result = JSON.parse(imported.stdout)
    t.equal(result.check.rows, rows.length)
    t.ok(result.check.max_difference <= 1e-6)
    t.same(
      result.explanations.map(({ method }: { method: string }) => method),
      ['tree_path_dependent', 'tree_interventional'],
    )
    const predicted = await shapserve([
      ...['predict', join(dir, 'rows.csv'), '--model-dir', modelDir, '--format', 'jsonl'],
    ])
    t.equal(predicted.status, 0, predicted.stderr)
    t.comment(predicted.stdout.split('\n')[0])
    for (const method of ['tree_path_dependent', 'tree_interventional']) {
      const explained = await shapserve([
        ...['explain', join(dir, 'rows.csv'), '--model-dir', modelDir, '--method', method],
      ])
      t.equal(explained.status, 0, explained.stderr)
      t.comment(explained.stdout.slice(0, 300))
    }
    const inspected = await shapserve(['inspect', modelDir])
    t.equal(inspected.status, 0, inspected.stderr)
  })
}
