/** Directories of Spark ML: what is refused and by which name, what requests may bring, and files that are damaged. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import t, { type Test } from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { ArtifactError, InputError } from '../../src/errors.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { viewOfCategories } from '../../src/import/spark/nodes.ts'
import type { SparkFiles } from '../../src/import/spark/saved-stage.ts'
import { readSpark } from '../../src/import/spark/spark.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { openNestedParquet } from '../../src/tables/formats/parquet-leaves.ts'
import { shapserveHere } from '../command-here.ts'

interface Golden {
  readonly model: { readonly files: Record<string, string> }
  readonly classes: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly exact: { readonly probabilities: readonly (readonly number[])[] }
}

const fixtures = join(import.meta.dirname, '../fixtures/import-spark')
const [tree, forest, boosting] = ['spark_tree_3', 'spark_forest', 'spark_boosting'].map((name) => {
  const golden: Golden = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8'))
  const files = Object.entries(golden.model.files)
  return {
    ...golden,
    name,
    files: new Map(
      files.map(([path, data]) => [path, new Uint8Array(Buffer.from(data, 'base64'))]),
    ),
  }
}) as [Fixture, Fixture, Fixture]
type Fixture = Golden & { readonly name: string; readonly files: Map<string, Uint8Array> }

/** The files with another text in the metadata of the directory, or of the stage with a class like this. */
function changed({ files }: Fixture, where: string, from: string | RegExp, to: string): SparkFiles {
  const path = [...files.keys()].find(
    (name) =>
      name.endsWith('metadata/part-00000') &&
      (where === '' ? name.startsWith('metadata/') : name.includes(where)),
  )
  const text = Buffer.from(files.get(path ?? '')!).toString()
  const other = text.replace(from, to)
  t.not(other, text, `${where}: ${from} is there`)
  return new Map([...files, [path!, new Uint8Array(Buffer.from(other))]])
}

const predictorOf = (files: SparkFiles, categories?: ReadonlyMap<string, string[]>) =>
  buildPredictor(draftImport(readSpark(files, {}), { target: 'y', categories }, '0'.repeat(64)))

t.test('what is refused, and how', (t) => {
  const without = (files: SparkFiles, part: RegExp) =>
    new Map([...files].filter(([path]) => !part.test(path)))
  const cases: readonly [string, () => SparkFiles, RegExp][] = [
    ['nothing', () => new Map(), /metadata\/ holds no file that says what was saved/],
    [
      'metadata that is no JSON',
      () => new Map([['metadata/part-00000', Buffer.from('{"class"')]]),
      /it is not JSON/,
    ],
    [
      'a regression',
      () => changed(tree, '', /classification\.\w+/, 'regression.DecisionTreeRegressionModel'),
      /^org\.apache\.spark\.ml\.regression\.DecisionTreeRegressionModel is not read; DecisionTree-, /,
    ],
    [
      'XGBoost on Spark',
      () => changed(tree, '', /org[\w.]+Model/, 'xgboost.spark.estimator.SparkXGBClassifierModel'),
      /is read as the file of its booster: model\.get_booster\(\)\.save_model\("model\.ubj"\)/,
    ],
    [
      'a class that is no name',
      () => changed(tree, '', /org[\w.]+Model/, 'a b'),
      /^"a b" is not read/,
    ],
    [
      'a stage that is not read',
      () => changed(forest, 'VectorAssembler', /feature\.\w+/, 'feature.VectorIndexerModel'),
      /^org\.apache\.spark\.ml\.feature\.VectorIndexerModel is not read$/,
    ],
    [
      'a classifier that is not read',
      () => changed(forest, 'RandomForest', /\w+ClassificationModel/, 'OneVsRestModel'),
      /OneVsRestModel is not read$/,
    ],
    [
      'a column that is a vector',
      () => changed(forest, 'VectorAssembler', '"width",', ''),
      /VectorAssembler takes 3 columns, the classifier has 4 features: a column that is a vector/,
    ],
    [
      'a vector that nothing makes',
      () => changed(forest, 'VectorAssembler', '"outputCol":"features"', '"outputCol":"other"'),
      /no VectorAssembler makes the column "features"/,
    ],
    [
      'a column that is replaced',
      () =>
        changed(boosting, '0_StringIndexer', '"outputCol":"colour code"', '"outputCol":"colour"'),
      /StringIndexerModel that replaces its column is not read/,
    ],
    [
      'labels of another number',
      () => changed(forest, 'IndexToString', /"labels":\["\w+",/, '"labels":['),
      /the labels name 1 classes, the classifier has 2/,
    ],
    [
      'labels of something else',
      () => changed(forest, 'IndexToString', '"inputCol":"prediction"', '"inputCol":"height"'),
      /IndexToString of anything but the prediction is not read/,
    ],
    [
      'a stage that is missing',
      () => without(forest.files, /^stages\/1_Vector/),
      /no folder of stage/,
    ],
    [
      'no stage',
      () => changed(forest, '', /"stageUids":\[[^\]]*\]/, '"stageUids":[]'),
      /has 0 stages/,
    ],
    ['no nodes', () => without(tree.files, /^data/), /data\/ holds no tree/],
    [
      'another number of trees',
      () => changed(boosting, 'GBT', '"numTrees":4', '"numTrees":5'),
      /data\/ holds 4 trees/,
    ],
    [
      'another number of classes',
      () => changed(tree, '', '"numClasses":3', '"numClasses":4'),
      /tree 0, node \d+ counts 3 of 4 classes/,
    ],
    [
      'fewer features than are asked for',
      () => changed(tree, '', '"numFeatures":3', '"numFeatures":1'),
      /tree 0, node \d+ asks feature \d of 1/,
    ],
    ['no weights', () => without(boosting.files, /treesMetadata/), /does not weigh every tree/],
  ]
  for (const [what, files, message] of cases)
    t.throws(() => readSpark(files(), {}), { name: 'ArtifactError', message }, what)
  t.throws(() => readSpark(tree.files, { rounds: 3 }), { message: '--rounds is for XGBoost' })
  t.throws(() => predictorOf(tree.files), {
    message: /column 2 has 6 category codes without names; give --categories/,
  })
  t.end()
})

t.test('what a split does not know goes with its larger set', (t) => {
  for (const [left, count, kind, codes] of [
    [[], 3, 'codes_left', []],
    [[1, 2], 4, 'codes_left', [0b110]],
    [[0, 1, 3], 4, 'codes_right', [0b100]],
    [[2, 0], 3, 'codes_right', [0b10]],
    [[0, 1, 2], 3, 'codes_right', []],
  ] as const)
    t.strictSame(
      viewOfCategories(left, count, 'here'),
      { kind, codes: Uint8Array.from(codes) },
      `${left} of ${count}`,
    )
  for (const left of [[3], [-1], [0.5]])
    t.throws(() => viewOfCategories(left, 3, 'here'), {
      message: /here lists the category .* of 3/,
    })
  t.end()
})

t.test('what requests may bring', (t) => {
  const kept = predictorOf(forest.files).preprocessor.spec.inputs
  t.ok(
    kept.every(({ nullable, closed }) => nullable && !closed),
    'what is kept is open',
  )
  const strict = predictorOf(boosting.files)
  const { inputs } = strict.preprocessor.spec
  t.ok(
    inputs.every(({ nullable }) => !nullable),
    'what Spark refuses is refused',
  )
  t.strictSame(
    inputs.map(({ name, type, closed }) => [name, type, closed ?? false]),
    [
      ['height', 'number', false],
      ['colour', 'text', true],
      ['width', 'number', false],
    ],
  )
  const read = readSpark(
    changed(boosting, 'GBT', '"paramMap":{', '"paramMap":{"thresholds":[1,2],'),
    {},
  )
  t.match(read.notes, [/the thresholds of the classifier are not used/])
  t.strictSame(readSpark(boosting.files, {}).notes, [])
  t.end()
})

t.test(
  'a directory is served as it is, alone and as one of MLflow, and so is an archive of it',
  async (t) => {
    const directory = t.testdir({
      mlflow: { MLmodel: 'flavors:\n  spark: {model_data: sparkml, pyspark_version: 3.5.9}\n' },
      plain: { _SUCCESS: '', metadata: { '._SUCCESS.crc': 'x' } },
    })
    for (const folder of ['mlflow/sparkml', 'plain'])
      for (const [path, bytes] of forest.files) {
        const file = join(directory, folder, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, bytes)
      }
    for (const folder of ['mlflow', 'plain'])
      execFileSync('tar', [
        ...['-czf', join(directory, `${folder}.tar.gz`), '-C', join(directory, folder), '.'],
      ])
    const ids: string[] = []
    for (const folder of ['mlflow', 'plain', 'mlflow.tar.gz', 'plain.tar.gz']) {
      const { artifact, predictor } = await readModelDirectory(join(directory, folder))
      ids.push(artifact.modelId)
      const { probabilities } = predictor.predict(
        frameOfCells(artifact.preprocessor.inputs, forest.rows),
      )
      const wanted = forest.exact.probabilities.flat()
      t.ok(probabilities.every((own, i) => Math.abs(own - wanted[i]!) < 1e-15))
    }
    const imported = await shapserveHere([
      ...['import', join(directory, 'plain'), '--model-dir', join(directory, 'made'), '--json'],
    ])
    ids.push(JSON.parse(imported.stdout).model_id)
    const unpacked = await shapserveHere([
      ...['import', join(directory, 'plain.tar.gz'), '--model-dir', join(directory, 'y'), '--json'],
    ])
    ids.push(JSON.parse(unpacked.stdout).model_id)
    t.equal(new Set(ids).size, 1, 'the same model')
    const other = await shapserveHere([
      ...[
        'import',
        join(directory, 'plain'),
        '--model-dir',
        join(directory, 'x'),
        '--format',
        'onnx',
      ],
    ])
    t.equal(other.status, 1)
    t.match(other.stderr, /--format is "onnx", the directory is one of Spark ML/)
  },
)

t.test('leaves of nested files are those that the library assembles', async (t) => {
  for (const { files } of [tree, forest, boosting])
    for (const [path, bytes] of files) {
      if (!path.endsWith('.parquet')) continue
      const file = new Uint8Array(bytes).buffer
      const rows = await parquetReadObjects({ file, compressors })
      const nested = openNestedParquet(bytes)
      t.equal(nested.rows, rows.length)
      for (const leaf of nested.paths) {
        const { values, starts } = nested.read(leaf)
        // The levels of lists are not records.
        const keys = leaf.split('.').filter((name) => name !== 'list' && name !== 'element')
        const found = rows.map((row) =>
          keys.reduce((own: unknown, key) => (own as Record<string, unknown>)[key], row),
        )
        const depth = leaf.split('.list').length - 1
        const wanted = (
          depth === 0 ? found.map((own) => [own]) : found.flat(depth - 1)
        ) as unknown[][]
        t.strictSame(
          wanted.map((own) =>
            own.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
          ),
          wanted.map((_, i) => values.slice(starts[i], starts[i + 1])),
          leaf,
        )
      }
    }
})

/** Imports files and asks the model; fails unless it is refused properly or answers with numbers. */
function survive(t: Test, files: SparkFiles, rows: Golden['rows'], what: string) {
  try {
    const { inputs } = predictorOf(files).preprocessor.spec
    const cells = rows.map((row) =>
      inputs.map(({ type, example, nullable }, j): Cell => {
        const cell = row[j] ?? null
        if (cell === null) return nullable ? null : example
        return typeof cell === (type === 'text' ? 'string' : 'number') ? cell : example
      }),
    )
    const { probabilities } = predictorOf(files).predict(frameOfCells(inputs, cells))
    if (!probabilities.every((p) => p >= 0 && p <= 1)) t.fail(`${what}: ${probabilities}`)
  } catch (error) {
    const isRefusal = error instanceof ArtifactError || error instanceof InputError
    if (!isRefusal) t.fail(`${what}: ${error}\n${(error as Error).stack}`)
    else if (/[\n\r]/.test(error.message) || error.message.length > 2000)
      t.fail(`${what}: no line: ${error.message.slice(0, 300)}`)
  }
}

for (const { name, files, rows } of [tree, forest, boosting])
  t.test(`${name}, damaged`, (t) => {
    const paths = [...files.keys()]
    const flip = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.array(flip, { minLength: 1, maxLength: 4 }),
        (path, flips) => {
          const damaged = Uint8Array.from(files.get(path)!)
          for (const [place, byte] of flips) damaged[place % damaged.length] = byte
          survive(
            t,
            new Map([...files, [path, damaged]]),
            rows.slice(0, 3),
            `${path} ${JSON.stringify(flips)}`,
          )
        },
      ),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.nat(), (path, length) => {
        const own = files.get(path)!
        const cut = own.subarray(0, length % own.length)
        survive(t, new Map([...files, [path, cut]]), rows.slice(0, 3), `${path} cut at ${length}`)
      }),
      { numRuns: 60 },
    )
    t.end()
  })
