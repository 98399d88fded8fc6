/**
 * One table in every format: a model that is trained on CSV, JSON Lines or Parquet has the same bytes, and whatever the
 * rows are asked in, the answers have the same bits.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readTensorRows } from '../../src/answering/tensor-rows.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import type { Decoded } from '../../src/codecs/codec.ts'
import { csv } from '../../src/codecs/csv.ts'
import { decodeInstances, json } from '../../src/codecs/json.ts'
import { jsonLines } from '../../src/codecs/json-lines.ts'
import { parseJson } from '../../src/codecs/json-text.ts'
import { libsvm } from '../../src/codecs/libsvm.ts'
import { npy } from '../../src/codecs/npy.ts'
import { compileCsvRow } from '../../src/codecs/one-row-csv.ts'
import { compileJsonRow } from '../../src/codecs/one-row-json.ts'
import { parquet } from '../../src/codecs/parquet.ts'
import { recordioProtobuf } from '../../src/codecs/recordio-protobuf.ts'
import { type Column, type DataFrame, findColumn, takeRows } from '../../src/data/frame.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { runSteps } from '../../src/data/steps.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { planWritten } from '../../src/preprocess/written/plan-written.ts'
import { nothingSaid } from '../../src/preprocess/written/recognise.ts'
import { alignTable } from '../../src/tables/align.ts'
import { type ReadTable, readTables } from '../../src/tables/read-tables.ts'
import { openRowFile } from '../../src/tables/row-files.ts'
import { train } from '../../src/training/train.ts'
import { runs } from '../effort.ts'
import { type Body, rowsOf } from '../helper.ts'
import { quick, reload } from '../training/fit-table.ts'
import {
  jsonLists,
  jsonObjects,
  jsonOf,
  numbersOf,
  randomTable,
  type Spelling,
  spell,
  spellings,
  takeWritten,
  toCsv,
  toLibsvm,
  toNpy,
  toParquet,
  toRecordIo,
  toTensors,
  type Written,
  type WrittenColumn,
} from '../written-tables.ts'

t.setTimeout(240_000)

const SEEDS = runs(25)
const ROWS = 40
const ASKED = 12

const directory = t.testdir()

/** Reads a table as `train` reads its files. */
async function readTable(name: string, body: Body): Promise<ReadTable> {
  const path = join(directory, name)
  await writeFile(path, body)
  return readTables({ files: [path] }, 'present')
}

async function fit(read: ReadTable, seed: number, channels = new Map<'test', DataFrame>()) {
  const { plan } = runSteps(inferPlan(read.table, 'y', new Map([['count', 'numeric']])))
  const { artifact } = await train(read.table, plan, {
    ...quick,
    estimator: seed % 2 ? 'decision_tree' : 'logistic_regression',
    engine: 'native',
    params: new Map(seed % 2 ? [] : [['max_iter', 20]]),
    testSize: 0,
    seed,
    channels,
  })
  return { artifact }
}

/**
 * A table as people type it: a currency, decimal commas, a percent sign, a unit, dashes for gaps, dates with days first,
 * spellings of one category, columns of which only the gaps tell something.
 */
function typedTable(random: Random, rows: number): WrittenColumn[] {
  const column = (name: string, cell: (row: number) => string | null): WrittenColumn => ({
    name,
    kind: 'text',
    cells: Array.from({ length: rows }, (_, row) => cell(row)),
  })
  const some = (share: number, gap: string | null, cell: string) =>
    random.uniform() < share ? gap : cell
  const digits = () => (random.uniform() * 9000 + 1000).toFixed(2)
  const group = (text: string, by: string) => text.replace(/^(\d)(\d{3})/, `$1${by}$2`)
  return [
    column('price', (row) => (row === 0 ? '($2.50)' : some(0.1, null, `$${group(digits(), ',')}`))),
    column('Umsatz', () => some(0.1, 'n.d.', group(digits(), '.').replace(/.(?=..$)/, ','))),
    column('share', () => some(0.1, '?', `${(random.uniform() * 100).toFixed(1)} %`)),
    column('mass', () => `${1 + random.below(500)} kg`),
    column('gap', () => some(0.2, '-', (random.uniform() - 0.5).toFixed(3))),
    column('minus', () => (random.uniform() - 0.5).toFixed(3).replace('-', '\u2212')),
    column('born', () =>
      some(
        0.1,
        'unknown',
        `${1 + random.below(28)}/${1 + random.below(12)}/${1950 + random.below(60)}`,
      ),
    ),
    column('seen', () => `March ${1 + random.below(28)}, 2021 ${1 + random.below(12)}:30 PM`),
    column('sex', () =>
      some(0.1, null, ['Male', 'male', 'MALE ', 'M', 'Female', 'f'][random.below(6)] as string),
    ),
    column('note', () => some(0.5, null, `said ${random.below(5)} times`)),
    column('paid', () => some(0.5, 'n.a.', `${1 + random.below(900)},50 €`)),
    {
      name: 'left',
      kind: 'number',
      cells: Array.from({ length: rows }, () =>
        random.uniform() < 0.5 ? null : random.below(9) / 2,
      ),
    },
    column('city', () => some(0.2, 'unknown', ['Bonn', 'Ulm'][random.below(2)] as string)),
    column('y', () => ['no', 'yes'][random.below(2)] as string),
  ]
}

/** Every way to ask for rows by name or by position, as the frame that is read. */
async function framesOf(
  predictor: Predictor,
  table: readonly WrittenColumn[],
  order: readonly number[],
  spelling: Spelling,
): Promise<[name: string, frame: DataFrame][]> {
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const context = { inputs, otherColumns, maxRows: 100 }
  const positional = inputs.map(({ name }) => table.find((c) => c.name === name) as WrittenColumn)
  const named = order.map((j) => table[j] as WrittenColumn)
  const objects = () => jsonObjects(named, spelling, true)
  const lists = () => jsonLists(positional, spelling)
  const names = () => JSON.stringify(named.map(({ name }) => spell(name, spelling)))
  const split = () => `{"columns":${names()},"data":[${jsonLists(named, spelling)}]}`
  const byColumn = () =>
    named.map((column) => {
      const cells = column.cells.map((cell) => jsonOf(column, cell as Written, spelling))
      return `${JSON.stringify(spell(column.name, spelling))}:[${cells}]`
    })
  const bodies: [name: string, codec: typeof csv | typeof json | typeof jsonLines, body: string][] =
    [
      ['CSV without a header', csv, toCsv(positional, spelling, { header: false })],
      ['CSV in another order', csv, toCsv(named, spelling, { truthNumbers: true })],
      ['CSV with the index of pandas', csv, toCsv(named, spelling, { index: true })],
      ['a list of objects', json, `[${objects()}]`],
      ['a list of lists', json, `[${lists()}]`],
      ['instances', json, `{"instances":[${objects()}]}`],
      ['instances of features', json, `{"instances":[${lists().map((l) => `{"features":${l}}`)}]}`],
      ["MLflow's split", json, `{"dataframe_split":${split()}}`],
      ["MLflow's records", json, `{"dataframe_records":[${objects()}]}`],
      ['inputs by column', json, `{"inputs":{${byColumn()}}}`],
      ['JSON Lines', jsonLines, objects().join('\n')],
      ['JSON Lines of lists', jsonLines, lists().join('\r\n')],
    ]
  const frames = bodies.map(([name, codec, body]): [string, DataFrame] => [
    name,
    (codec.decode(Buffer.from(body), context, new Map()) as Decoded).frame,
  ])
  for (const isBinary of [false, true]) {
    const { json, binary } = toTensors(positional, spelling, isBinary)
    const { inputs: tensors } = parseJson(json) as { inputs: unknown }
    const table = readTensorRows(tensors, inputs, 100, isBinary ? binary : undefined)
    const rows = table.slice(0, table.length)
    const { frame } = decodeInstances(rows, context)
    frames.push([`tensors, ${isBinary ? 'binary' : 'as JSON'}`, frame])
  }
  const stored = toParquet(named, spelling, true)
  frames.push(['Parquet', (await parquet.decode(stored, context)).frame])
  frames.push(['a Parquet file', await readParts(predictor, stored)])
  return frames
}

/** A Parquet file as `predict` and `explain` read it, in parts. */
async function readParts(predictor: Predictor, bytes: Buffer): Promise<DataFrame> {
  const path = join(directory, 'asked.parquet')
  await writeFile(path, bytes)
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const file = await openRowFile(path)
  const lines: Uint8Array[] = []
  for await (const { body } of file.parts(predictor.preprocessor.spec, 200)) lines.push(body)
  const whole = Buffer.concat(lines)
  return jsonLines.decode(whole, { inputs, otherColumns, maxRows: 100 }).frame
}

/** Formats that hold numbers only, for the columns that are numbers or truth values. */
function numericFrames(predictor: Predictor, table: readonly WrittenColumn[]) {
  const inputs = predictor.preprocessor.spec.inputs.filter(
    ({ type, texts }) => type === 'number' || texts === 'boolean',
  )
  const context = { inputs, otherColumns: [], maxRows: 100 }
  const rows = numbersOf(
    inputs.map(({ name }) => table.find((c) => c.name === name) as WrittenColumn),
  )
  return [
    ['npy', npy.decode(toNpy(rows), context).frame],
    ['LIBSVM', libsvm.decode(Buffer.from(toLibsvm(rows)), context).frame],
    ['RecordIO', recordioProtobuf.decode(toRecordIo(rows), context).frame],
  ] as const
}

function bitsOf(predictor: Predictor, frame: DataFrame, explain: boolean): unknown[] {
  const { probabilities, labels } = predictor.predict(frame)
  const explained = explain
    ? predictor
        .explain(frame)
        .rows.flatMap(({ shapValues, data }) => [
          ...data,
          ...shapValues.flatMap((values) => [...values]),
        ])
    : []
  return [...rowsOf(frame).flat(), ...labels, ...probabilities, ...explained]
}

function checkSame(found: readonly unknown[], expected: readonly unknown[], what: string): void {
  const at = expected.findIndex((value, i) => !Object.is(found[i], value))
  if (at >= 0 || found.length !== expected.length)
    throw new Error(`${what}, value ${at}: ${String(found[at])} is not ${String(expected[at])}`)
}

t.test('training and asking in any format give the same bits', async (t) => {
  let categories = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(seed)
    const spelling = (at: number): Spelling => ({ ...spellings[at % spellings.length]!, random })
    const table = randomTable(random, ROWS)
    const read = await readTable('train.csv', toCsv(table, spelling(seed)))
    const { artifact } = await fit(read, seed)
    const bytes = encodeArtifact(artifact, sha256)
    const others: [string, Body][] = [
      ['train.jsonl', jsonObjects(table, spelling(seed + 1)).join('\n')],
      ['train.parquet', toParquet(table, spelling(seed + 2))],
    ]
    for (const [name, body] of others) {
      const other = await readTable(name, body)
      const again = encodeArtifact((await fit(other, seed)).artifact, sha256)
      for (const [file, expected] of bytes)
        if (!Buffer.from(again.get(file) ?? []).equals(expected))
          throw new Error(`seed ${seed}: ${file} of ${name} differs from that of CSV`)
      // A file to measure on, in another format than the training.
      if (seed % 5 > 0) continue
      const [own, aligned] = [read.table, alignTable(read, other)].map(
        async (channel) => (await fit(read, seed, new Map([['test', channel]]))).artifact.metrics,
      )
      if (JSON.stringify(await own) !== JSON.stringify(await aligned))
        throw new Error(`seed ${seed}: ${name} is measured differently beside CSV`)
    }
    const predictor = buildPredictor(artifact)
    const asked = takeWritten(
      table,
      Array.from({ length: ASKED }, () => random.below(ROWS)),
    )
    const order = table.map((_, j) => (j * 3 + seed) % table.length)
    const frames = await framesOf(predictor, asked, order, spelling(seed + 1))
    const explain = seed % 10 < 2
    const [[, first]] = frames as [[string, DataFrame]]
    const expected = bitsOf(predictor, first, explain)
    for (const [name, frame] of frames)
      checkSame(bitsOf(predictor, frame, explain), expected, `seed ${seed}: ${name}`)
    for (const [name, frame] of numericFrames(predictor, asked)) {
      const columns = first.names.map(
        (own, j) => findColumn(frame, own) ?? (first.columns[j] as Column),
      )
      checkSame(
        bitsOf(predictor, { ...first, columns }, explain),
        expected,
        `seed ${seed}: ${name}`,
      )
    }
    const known = predictor.preprocessor.spec.inputs.flatMap((input) => input.categories ?? [])
    categories += known.length
    for (const [j, input] of predictor.preprocessor.spec.inputs.entries()) {
      const column = first.columns[j] as Column
      if (
        column.kind === 'text' &&
        !column.levels.every((text) => input.categories?.includes(text))
      )
        throw new Error(`seed ${seed}: ${input.name} has a category that training has not`)
    }
  }
  t.ok(categories > SEEDS * 10, `${SEEDS} tables, ${categories} categories`)
})

t.test('values as people write them mean the same in any format', async (t) => {
  let alone = 0
  const numbers = ['price', 'Umsatz', 'share', 'mass', 'gap', 'minus', 'paid', 'left']
  const indicators = ['note', 'paid', 'left']
  const roles = new Map(indicators.map((name) => [name, 'indicator'] as const))
  for (let seed = 1; seed <= 6; seed++) {
    const random = createRandom(seed)
    const spelling = (at: number): Spelling => ({ ...spellings[at % spellings.length]!, random })
    const table = typedTable(random, ROWS)
    const tables = await Promise.all([
      readTable(`typed-${seed}.csv`, toCsv(table, spelling(seed))),
      readTable(`typed-${seed}.jsonl`, jsonObjects(table, spelling(seed + 1)).join('\n')),
      readTable(`typed-${seed}.parquet`, toParquet(table, spelling(seed + 2))),
    ])
    const [own, ...others] = await Promise.all(
      tables.map(async (read, i) => {
        const acceptsMissing = seed % 2 === 1
        const told = { merge: ['sex'] }
        const { plan } = runSteps(
          planWritten(read.table, 'y', roles, nothingSaid, acceptsMissing, undefined, told),
        )
        const channel = alignTable(read, tables[(i + 1) % 3] as ReadTable)
        const background = tables[(i + 2) % 3]?.table
        return train(read.table, plan, {
          ...quick,
          estimator: seed % 2 ? 'decision_tree' : 'logistic_regression',
          engine: 'native',
          params: new Map(seed % 2 ? [] : [['max_iter', 20]]),
          testSize: 0,
          channels: new Map([['test', channel]]),
          background: seed % 2 ? undefined : background,
        })
      }),
    )
    const { artifact } = own as NonNullable<typeof own>
    const bytes = encodeArtifact(artifact, sha256)
    for (const other of others) {
      const again = encodeArtifact(other.artifact, sha256)
      for (const [file, expected] of bytes)
        if (!Buffer.from(again.get(file) ?? []).equals(expected))
          throw new Error(`seed ${seed}: ${file} differs from that of CSV`)
    }
    const { inputs, derived, steps } = artifact.preprocessor
    const kinds = (column: string) =>
      steps.find((step) => step.column === column)?.chain.map(({ kind }) => kind)
    t.equal(kinds('sex')?.[0], 'category_map')
    for (const name of indicators) t.strictSame(kinds(name), ['missing_indicator'], name)
    for (const { name, type } of inputs)
      t.equal(type, numbers.includes(name) ? 'number' : 'text', name)
    t.ok(derived.filter(({ from }) => from === 'born').length >= 3)
    const predictor = buildPredictor(reload(artifact))
    const asked = takeWritten(
      table,
      Array.from({ length: ASKED }, (_, i) => (i === 0 ? 0 : random.below(ROWS))),
    )
    const order = table.map((_, j) => (j * 3 + seed) % table.length)
    const frames = await framesOf(predictor, asked, order, spelling(seed + 1))
    const [[, first]] = frames as [[string, DataFrame]]
    const expected = bitsOf(predictor, first, true)
    for (const [name, frame] of frames)
      checkSame(bitsOf(predictor, frame, true), expected, `seed ${seed}: ${name}`)
    // What the rows say in answers is what may be sent: numbers as numbers, dates as ISO 8601 has them.
    const context = { inputs, otherColumns: [], maxRows: 100 }
    const rows = rowsOf(first)
    const { frame: again } = json.decode(Buffer.from(JSON.stringify(rows)), context)
    checkSame(bitsOf(predictor, again, true), expected, `seed ${seed}: numbers`)
    const typed = inputs.filter(({ type }) => type === 'number')
    const cells = rows.map((row) =>
      inputs.flatMap(({ type }, j) =>
        type === 'number' ? [(row[j] as number | null) ?? Number.NaN] : [],
      ),
    )
    const { frame: matrix } = npy.decode(toNpy(cells), {
      inputs: typed,
      otherColumns: [],
      maxRows: 100,
    })
    const columns = first.names.map(
      (name, j) => findColumn(matrix, name) ?? (first.columns[j] as Column),
    )
    checkSame(bitsOf(predictor, { ...first, columns }, true), expected, `seed ${seed}: npy`)
    // The way of one row.
    const positional = inputs.map(({ name }) => asked.find((c) => c.name === name) as WrittenColumn)
    const spelled = spelling(seed)
    const readCsv = compileCsvRow(inputs)
    const readJson = compileJsonRow(inputs)
    rows.forEach((row, i) => {
      const single = takeWritten(positional, [i])
      const line = readCsv?.(toCsv(single, spelled, { header: false }))
      const object = readJson?.(`{"instances":[${jsonLists(single, spelled)}]}`)
      // It may step aside, but not read something else.
      for (const read of [line, object]) {
        if (!read) continue
        t.strictSame(read.cells, row)
        alone++
      }
      const ofOne = predictor.oneRow?.predict(row)?.predictions.probabilities
      const inFrame = predictor.predict(takeRows(first, Int32Array.of(i))).probabilities
      t.strictSame(ofOne, inFrame)
    })
    // SHAP values of all parts of a date are that date's.
    const { featureNames, rows: explained } = predictor.explain(first)
    t.strictSame(
      featureNames,
      inputs.map(({ name }) => name),
    )
    for (const row of explained) t.ok(row.additivityError < 1e-9)
  }
  t.ok(alone > 6 * ASKED, `${alone} rows on the short way`)
})
