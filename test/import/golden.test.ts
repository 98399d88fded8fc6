/**
 * Models that libraries wrote, with their own answers: through the reader, and through the command.
 * GOLDEN_IMPORT_DIR names another folder of files of the same form. The command takes long: all files of such a folder go
 * through it, but of those here the first of every library only.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type Cell, type DataFrame, numberColumn, textColumn } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { importers, readModelFile } from '../../src/import/index.ts'
import { readSpark } from '../../src/import/spark/spark.ts'
import { kindOf } from '../../src/models/index.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { fitBackground } from '../../src/training/background.ts'
import { shapserveHere } from '../command-here.ts'

interface Shap {
  readonly base_values: number[]
  /** [row][output][column] */
  readonly shap_values: number[][][]
  /** The same per feature of the model, before they are summed to columns. */
  readonly feature_shap_values?: number[][][]
}

interface Golden {
  readonly model: { file: string } & (
    | { encoding: 'utf-8' | 'base64'; data: string }
    | { files: Record<string, string> }
  )
  readonly columns: readonly {
    name: string
    type: 'number' | 'text'
    categories?: (string | number)[]
  }[]
  readonly classes: readonly string[]
  readonly options: {
    format: string
    rounds?: 'best' | 'all' | number
    missing?: number
    background?: boolean
    allow_missing?: boolean
  }
  readonly rows: readonly (readonly Cell[])[]
  readonly background?: readonly (readonly Cell[])[]
  readonly library: {
    margins?: number[][]
    raw_score?: number[][]
    probabilities?: number[][]
    contributions?: number[][][]
  }
  readonly exact: {
    space: 'log_odds' | 'probability'
    margins: number[][]
    probabilities: number[][]
  } & Partial<Shap>
  readonly interventional?: Shap
}

/** How far we may be off what a library computes: probabilities, contributions. */
const tolerances: Readonly<Record<string, { probability: number; contribution: number }>> = {
  xgboost: { probability: 1e-6, contribution: 2e-5 },
  onnx: { probability: 1e-6, contribution: 2e-5 },
  lightgbm: { probability: 1e-12, contribution: 1e-9 },
  catboost: { probability: 1e-12, contribution: 1e-9 },
  skops: { probability: 1e-12, contribution: 1e-9 },
  spark: { probability: 1e-15, contribution: 1e-9 },
}

/** Formats whose sums of trees are the library's to the last bit. */
const sameBits = ['lightgbm', 'catboost']

const fixtures = join(import.meta.dirname, '../fixtures')
const given = process.env.GOLDEN_IMPORT_DIR
const readFolder = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Golden] as const)
const libraryOf = (name: string) => name.split('_')[0]
const goldens = [
  ...readFolder(given ?? join(fixtures, 'golden-import')),
  ...(given === undefined
    ? ['import', 'import-spark'].flatMap((name) => readFolder(join(fixtures, name)))
    : []),
]
const withCommand = goldens.filter(
  ([name], at) =>
    given !== undefined ||
    goldens.findIndex((other) => libraryOf(other[0]) === libraryOf(name)) === at,
)

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

/** Compares values per column or per feature with reference ones, and sees that they add up. */
function compareShap(
  t: Test,
  found: ReturnType<Predictor['explain']>,
  { base_values, shap_values }: Pick<Shap, 'base_values' | 'shap_values'>,
) {
  near(t, found.shared?.baseValues ?? [], base_values, 1e-9, 'base values')
  found.rows.forEach((row, i) => {
    shap_values[i]!.forEach((wanted, k) => {
      const phi = row.shapValues[k]!
      near(t, phi, wanted, 1e-9, `row ${i} SHAP`)
      const sum = phi.reduce((a, b) => a + b, row.baseValues[k]!)
      t.ok(
        Math.abs(sum - row.outputs[k]!) <= 1e-12 * Math.max(1, Math.abs(sum)),
        `row ${i} adds up`,
      )
    })
  })
}

/** What log-odds are in units of a library's raw score: a sigmoid, or a mean in the place of a sum. */
function factorOf({ exact, library }: Golden): number {
  const ours = exact.margins.flat()
  const theirs = (library.raw_score ?? library.margins ?? exact.margins).flat()
  const at = theirs.reduce(
    (most, score, i) => (Math.abs(score) > Math.abs(theirs[most]!) ? i : most),
    0,
  )
  return theirs[at] === 0 ? 1 : ours[at]! / theirs[at]!
}

/** Whether a library's contributions are SHAP values at all: CatBoost's of trees that are not symmetric do not add up. */
function hasContributions({ model, options, library }: Golden): boolean {
  if (!library.contributions) return false
  return (
    options.format !== 'catboost' || ('data' in model && model.data.includes('"oblivious_trees"'))
  )
}

function readGolden(golden: Golden) {
  const { model, columns, options } = golden
  const files = new Map(
    'files' in model
      ? Object.entries(model.files).map(([path, data]) => [path, Buffer.from(data, 'base64')])
      : [['', Buffer.from(model.data, model.encoding === 'base64' ? 'base64' : 'utf8')]],
  )
  const read =
    'files' in model
      ? readSpark(files, {})
      : readModelFile(files.get('')!, model.file, 'auto', {
          rounds: options.rounds,
          allowMissing: options.allow_missing,
        })
  // Those that the file does not name.
  const categories = new Map(
    columns.flatMap(({ name, categories }, i) => {
      const own = read.columns[i]
      return own?.codes !== undefined && !own.categories && categories ? [[name, categories]] : []
    }),
  )
  return { files, read, categories }
}

const isRead = ({ options: { format } }: Golden) =>
  format === 'spark' || Object.hasOwn(importers, format)
t.ok(
  goldens.some(([, golden]) => isRead(golden)),
  'there are some',
)
for (const [name, golden] of goldens) {
  const { model, columns, classes, options, rows, library, exact, interventional } = golden
  if (!isRead(golden)) {
    t.comment(`${name}: ${options.format} is not read`)
    continue
  }
  const names = columns.map((column) => column.name)
  const tolerance = tolerances[options.format]!

  t.test(`${name}: the reader`, (t) => {
    const { read, categories } = readGolden(golden)
    const { missing } = options
    const words = { target: 'label', columns: names, classes, categories, missing }
    const draft = draftImport(read, words, '0'.repeat(64))
    const background = golden.background
      ? runSteps(fitBackground(draft.preprocessor, frameOf(golden, golden.background)))
      : draft.background
    const kind = kindOf(draft.model)
    const predictor = buildPredictor({
      ...draft,
      model: background.rows > 0 ? kind.withBackground(draft.model, background) : draft.model,
      background,
    })
    // A pipeline may leave columns out.
    const { inputs } = predictor.preprocessor.spec
    const places = inputs.map((input) => names.indexOf(input.name))
    const asked = rows.map((row) => places.map((place) => row[place] as Cell))
    const frame = frameOfCells(inputs, asked)
    const { probabilities } = predictor.predict(frame)
    near(t, probabilities, exact.probabilities.flat(), 1e-12, 'probabilities')
    if (library.probabilities)
      near(
        t,
        probabilities,
        library.probabilities.flat(),
        tolerance.probability,
        "the library's probabilities",
      )
    // A row of its own takes another way than a row of a batch.
    asked.forEach((row, i) => {
      const one = frameOfCells(inputs, [row])
      near(
        t,
        predictor.predict(one).probabilities,
        exact.probabilities[i]!,
        1e-12,
        `row ${i} alone`,
      )
    })
    const outputs = exact.margins[0]!.length
    const common = {
      output: outputs === 1 ? classes.at(-1)! : ('all' as const),
      space: exact.space,
    }
    const explained = predictor.explain(frame, common)
    const factor = factorOf(golden)
    const theirs = library.raw_score ?? library.margins
    const { aggregation, scale = 1 } = draft.model as TreesSpec
    const hasSameBits = sameBits.includes(options.format) && aggregation === 'sum'
    explained.rows.forEach((row, i) => {
      near(t, row.outputs, exact.margins[i]!, 1e-12, `row ${i} margins`)
      if (hasSameBits)
        t.strictSame(
          [...row.outputs],
          theirs![i]!.map((score) => score * scale),
          `row ${i} margins to the last bit`,
        )
      if (theirs) {
        const scaled = theirs[i]!.map((score) => score * factor)
        near(t, row.outputs, scaled, 1e-5, `row ${i} the library's margins`)
      }
    })
    if (exact.shap_values) {
      compareShap(t, explained, exact as Shap)
      if (exact.feature_shap_values) {
        const features = predictor.explain(frame, { ...common, level: 'features' })
        compareShap(t, features, { ...(exact as Shap), shap_values: exact.feature_shap_values })
      }
    }
    if (hasContributions(golden))
      explained.rows.forEach((row, i) => {
        library.contributions![i]!.forEach((own, k) => {
          const scaled = own.slice(0, -1).map((value) => value * factor)
          near(t, row.shapValues[k]!, scaled, tolerance.contribution, `row ${i} contributions`)
        })
      })
    if (interventional) {
      const offer = predictor.offers.find(
        ({ method, space, refusal }) =>
          space === exact.space && !refusal && method !== 'tree_path_dependent',
      )
      const options = { ...common, method: offer?.method }
      compareShap(t, predictor.explain(frame, options), interventional)
      if (interventional.feature_shap_values)
        compareShap(t, predictor.explain(frame, { ...options, level: 'features' }), {
          ...interventional,
          shap_values: interventional.feature_shap_values,
        })
    }
    t.end()
  })

  if (!withCommand.some(([own]) => own === name)) continue
  t.test(`${name}: the command`, async (t) => {
    const dir = t.testdir()
    const { files, categories } = readGolden(golden)
    const [file, modelDir] = [join(dir, model.file), join(dir, 'imported')]
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(file, path)), { recursive: true })
      await writeFile(join(file, path), bytes)
    }
    const csv = (heads: readonly string[], lines: readonly (readonly Cell[])[]) =>
      `${[heads, ...lines].map((cells) => cells.map(quoteCell).join(',')).join('\n')}\n`
    await writeFile(join(dir, 'rows.csv'), csv(names, rows))
    await writeFile(join(dir, 'background.csv'), csv(names, golden.background ?? rows))
    await writeFile(join(dir, 'columns.csv'), csv(names, []))
    await writeFile(join(dir, 'categories.json'), JSON.stringify(Object.fromEntries(categories)))
    await writeFile(
      join(dir, 'answers.csv'),
      csv(
        [...names, ...classes],
        rows.map((row, i) => [...row, ...(library.probabilities ?? exact.probabilities)[i]!]),
      ),
    )
    const imported = await shapserveHere([
      ...['import', file, '--model-dir', modelDir, '--json', '--classes', classes.join()],
      ...['--columns', join(dir, 'columns.csv'), '--check', join(dir, 'answers.csv')],
      ...['--background', join(dir, 'background.csv')],
      ...(categories.size > 0 ? ['--categories', join(dir, 'categories.json')] : []),
      ...(options.allow_missing ? ['--allow-missing'] : []),
      ...(options.rounds === undefined ? [] : ['--rounds', String(options.rounds)]),
      ...(options.missing === undefined ? [] : ['--missing', String(options.missing)]),
    ])
    t.equal(imported.status, 0, imported.stderr)
    const result = JSON.parse(imported.stdout)
    t.equal(result.check.rows, rows.length)
    t.ok(result.check.max_difference <= 1e-6)
    const methods = [
      ...new Set(result.explanations.map(({ method }: { method: string }) => method)),
    ] as string[]
    if (exact.shap_values) t.strictSame(methods, ['tree_path_dependent', 'tree_interventional'])
    t.ok(methods.length > 0, 'something explains')
    const predicted = await shapserveHere([
      ...['predict', join(dir, 'rows.csv'), '--model-dir', modelDir, '--format', 'jsonl'],
    ])
    t.equal(predicted.status, 0, predicted.stderr)
    const answers = predicted.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    answers.forEach(({ probabilities }, i) => {
      const own = classes.map((label) => probabilities[label])
      near(t, own, exact.probabilities[i]!, 1e-12, `row ${i} of the command`)
    })
    for (const method of methods) {
      const explained = await shapserveHere([
        ...['explain', join(dir, 'rows.csv'), '--model-dir', modelDir, '--method', method],
      ])
      t.equal(explained.status, 0, explained.stderr)
    }
    const inspected = await shapserveHere(['inspect', modelDir])
    t.equal(inspected.status, 0, inspected.stderr)
  })
}

/** Rows as a table that was read from a file. */
function frameOf({ columns }: Golden, rows: readonly (readonly Cell[])[]): DataFrame {
  return {
    names: columns.map(({ name }) => name),
    columns: columns.map(({ type }, j) =>
      type === 'text'
        ? textColumn(rows.map((row) => row[j] as string | null))
        : numberColumn(Float64Array.from(rows, (row) => (row[j] as number | null) ?? Number.NaN)),
    ),
    length: rows.length,
  }
}

function quoteCell(cell: Cell): string {
  return typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : String(cell ?? '')
}
