/** Files of rows, answered in parts: the same bytes as in one piece, and the file's own row numbers. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Command } from 'commander'
import fc from 'fast-check'
import { zipSync } from 'fflate/browser'
import t, { type Test } from 'tap'
import { chooseFormat } from '../../../src/commands/rows/formats.ts'
import type { RowsRequest } from '../../../src/commands/rows/rows-request.ts'
import { runRows } from '../../../src/commands/rows/run-rows.ts'
import { declareTrain } from '../../../src/commands/train.ts'
import { createRandom } from '../../../src/data/random.ts'
import { InputError, type InputErrorCode } from '../../../src/errors.ts'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import { splitRecords } from '../../../src/tables/blocks.ts'
import type { InputFormat } from '../../../src/tables/row-files.ts'
import { shapserveHere } from '../../command-here.ts'
import { buildTestApp, checkpoint, passenger, post } from '../../helper.ts'
import { writeParquet } from '../../parquet.ts'

// Two of the tests start the command.
t.setTimeout(120_000)

const random = createRandom(11)
const header = 'Pclass,Name,Sex,Age,SibSp,Parch'
const titles = ['Mr', 'Mrs', 'Miss', 'Dr']

/** A passenger whose name may have quotes, commas and line breaks in it. */
function passengerCsv(row: number): string {
  const title = titles[random.below(4)]
  const name = [`"Doe, ${title}. J"`, `"Doe ""D""\n, ${title}. J"`, `Doe ${title}. ${row}`][
    random.below(3)
  ]
  const age = random.below(4) === 0 ? '' : random.below(80)
  const sex = ['male', 'female'][random.below(2)]
  return `${1 + random.below(3)},${name},${sex},${age},${random.below(4)},${random.below(3)}`
}

const lines = Array.from({ length: 300 }, (_, row) => passengerCsv(row))
const bodies = {
  'named.csv': `${header}\n${lines.join('\n')}\n`,
  'positional.csv': `${lines.join('\n')}\n`,
  'crlf.csv': `\ufeff${header}\r\n${lines.join('\r\n')}\r\n\r\n\r\n`,
  'cr.csv': `${header}\r${lines.join('\r')}`,
  'other-order.csv': `PassengerId,${header}\n${lines.map((line, i) => `${i},${line}`).join('\n')}`,
}

async function answer(
  t: Test,
  body: string | Uint8Array,
  request: Partial<RowsRequest>,
): Promise<string> {
  const directory = t.testdir()
  const file = join(directory, 'rows.csv')
  const out = join(directory, 'out')
  writeFileSync(request.file ? join(directory, request.file) : file, body)
  await runRows({
    operation: 'explain',
    modelDir: checkpoint,
    options: [],
    jobs: 1,
    ...request,
    file: request.file ? join(directory, request.file) : file,
    out,
  })
  return readFileSync(out, 'utf8')
}

for (const [name, body] of Object.entries(bodies)) {
  for (const operation of ['predict', 'explain'] as const) {
    t.test(`${operation} ${name}: parts of any size give the same bytes`, async (t) => {
      const whole = await answer(t, body, { operation, partBytes: 1 << 20 })
      t.equal(whole.split('\n').length, operation === 'predict' ? 301 : 302)
      for (const partBytes of [150, 3000])
        t.equal(await answer(t, body, { operation, partBytes }), whole, `${partBytes} bytes`)
    })
  }
}

t.test('more parts than workers take at a time wait for their turn', async (t) => {
  const body = bodies['named.csv']
  const whole = await answer(t, body, { partBytes: 1 << 20 })
  t.equal(await answer(t, body, { partBytes: 150, jobs: 2 }), whole)
})

t.test('JSON Lines in parts, rows numbered through', async (t) => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    Pclass: 1 + (i % 3),
    Name: `Doe, ${titles[i % 4]}. J`,
    Sex: 'male',
    Age: i % 5 === 0 ? null : i,
    SibSp: 0,
    Parch: 0,
  }))
  const body = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n\n`
  const request = { file: 'rows.jsonl', options: [['format', 'contributions']] as const }
  const whole = await answer(t, body, { ...request, partBytes: 1 << 20 })
  t.equal(await answer(t, body, { ...request, partBytes: 200 }), whole)
  const numbers = whole
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { row: number }).row)
  t.strictSame(
    numbers,
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
})

t.test('a model of objects in objects takes them in files and requests', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'nested-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const [data, modelDir] = [join(directory, 'data.jsonl'), join(directory, 'model')]
  const rows = Array.from({ length: 60 }, (_, i) => ({
    who: { age: (i * 7) % 50, job: { name: ['clerk', 'nurse', 'cook'][(i * 5) % 3] } },
    inputs: { x: (i * 3) % 11 },
    y: (i * 7) % 50 > 25 ? 'yes' : 'no',
  }))
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'))
  const program = new Command().exitOverride()
  declareTrain(program)
  const flags = ['--target', 'y', '--estimator', 'decision_tree', '--quiet', '--model-dir']
  await program.parseAsync(['train', data, ...flags, modelDir], { from: 'user' })

  const nested = rows.slice(0, 5).map(({ y, ...row }) => row)
  const flat = nested.map(({ who, inputs }) => ({
    'who.age': who.age,
    'who.job.name': who.job.name,
    'inputs.x': inputs.x,
  }))
  const lines = (list: readonly unknown[]) => list.map((row) => JSON.stringify(row)).join('\n')
  const names = Object.keys(flat[0]!)
  const csv = [names, ...flat.map((row) => Object.values(row))].map((row) => row.join()).join('\n')
  const asked = { operation: 'predict', modelDir, format: 'jsonl' } as const
  const wanted = await answer(t, csv, asked)
  t.equal(wanted.trim().split('\n').length, 5)
  for (const list of [nested, flat]) {
    t.equal(await answer(t, lines(list), { ...asked, file: 'rows.jsonl' }), wanted, 'lines')
    t.equal(await answer(t, JSON.stringify(list), { ...asked, file: 'rows.json' }), wanted, 'list')
  }

  const app = await buildTestApp(t, { model: await readModelDirectory(modelDir) })
  const ask = async (type: string, body: unknown) => {
    const { statusCode, body: text } = await post(app, '/explain', type, body as string)
    t.equal(statusCode, 200, text)
    return text
  }
  const [one, other] = [nested[0]!, flat[0]!]
  const expected = await ask('application/json', JSON.stringify(other))
  for (const row of [one, other, { ...other, 'inputs.x': undefined, inputs: one.inputs }])
    t.equal(await ask('application/json', JSON.stringify(row)), expected)
  t.equal(await ask('application/json', JSON.stringify({ instances: [one] })), expected)
  // An object under a key that holds columns is a row, to the short way as well.
  const columns = Object.fromEntries(Object.entries(other).map(([name, cell]) => [name, [cell]]))
  const sent = JSON.stringify({ inputs: columns })
  const refused = await post(app, '/invocations', 'application/json', sent)
  t.equal(refused.statusCode, 400)
  t.match(refused.body, /lacks column.*who\.age/)
  t.equal(
    await ask('application/jsonlines', lines(nested)),
    await ask('application/jsonlines', lines(flat)),
  )
})

t.test('titles and encodings are named with the flag that helps', async (t) => {
  const rows = `${header}\n3,"M\xfcller, Mr. J",male,28,0,0\n`
  const latin = Buffer.from(rows, 'latin1')
  const title = `Passengers\n\n${rows}`
  const asked = { operation: 'predict' } as const
  await refuses(t, latin, 'invalid_utf8', /add --encoding windows-1252/, asked)
  await refuses(t, title, 'invalid_csv', /the first 2 lines .*"Passengers".*--skip-rows 2/, asked)
  const wanted = await answer(t, rows, asked)
  t.equal(await answer(t, latin, { ...asked, reading: { encoding: 'windows-1252' } }), wanted)
  t.equal(await answer(t, title, { ...asked, reading: { skipRows: 2 } }), wanted)
  // One value in a row without a header is no title.
  const bare = `3,,,,,\n${'3,"Doe, Mr. J",male,28,0,0\n'.repeat(2)}`
  await refuses(t, bare, 'missing_value', /row 1, column "Name"/, asked)
  const blanks = rows.replaceAll(/,(?! )/g, '  ')
  t.equal(await answer(t, blanks, asked), wanted, 'blanks between fields')
  const archive = zipSync({ 'rows.csv': new TextEncoder().encode(rows) })
  t.equal(await answer(t, archive, { ...asked, file: 'rows.zip' }), wanted, 'an archive')
})

async function refuses(
  t: Test,
  body: string | Uint8Array,
  code: InputErrorCode,
  message: RegExp,
  request: Partial<RowsRequest> = {},
) {
  for (const partBytes of [500, 1 << 20]) {
    let error: unknown
    await answer(t, body, { ...request, partBytes }).catch((thrown: unknown) => {
      error = thrown
    })
    if (!(error instanceof InputError)) return t.fail(`${partBytes}: not refused`, { error })
    t.equal(error.code, code, `parts of ${partBytes} bytes`)
    t.match(error.message, message)
  }
  t.notOk(existsSync(join(t.testdirName, 'out')), 'nothing is written')
  t.notOk(
    readdirSync(t.testdirName).some((name) => name.endsWith('.part')),
    'not even in part',
  )
}

t.test('what is wrong is said of the row in the file', async (t) => {
  const changed = (row: number, line: string) =>
    `${header}\n${lines.map((own, i) => (i === row - 1 ? line : own)).join('\n')}\n`
  await refuses(
    t,
    changed(250, 'x,Doe Mr. J,male,3,0,0'),
    'invalid_number',
    /^row 250, column "Pclass"/,
  )
  await refuses(t, changed(251, '1,Doe Mr. J,male,3,0'), 'ragged_row', /^row 251 has 5 fields/)
  await refuses(t, changed(252, ''), 'blank_row', /^row 252 is an empty line/)
  await refuses(t, changed(253, '1,Doe\u0001,male,3,0,0'), 'control_character', /^row 253 holds/)
  await refuses(t, changed(254, '1,Do"e,male,3,0,0'), 'invalid_csv', /^row 254: a quote/)
  await refuses(t, changed(255, '1,"Doe,male,3,0,0'), 'invalid_csv', /^row 255: /)
  await refuses(
    t,
    `${lines.slice(0, 99).join('\n')}\n1,Doe,male,,,x\n`,
    'missing_value',
    /^row 100, /,
  )
  const objects = Array.from(
    { length: 60 },
    () => '{"Pclass":1,"Name":"Doe, Mr. J","Sex":"male","SibSp":0,"Parch":0}',
  )
  const jsonLines = (line: string) => `${objects.with(39, line).join('\n')}\n`
  const request = { file: 'rows.jsonl' }
  await refuses(t, jsonLines('{"Pclass":1'), 'invalid_json', /^row 40 is not JSON/, request)
  await refuses(t, jsonLines('  '), 'blank_row', /^row 40 is an empty line/, request)
  await refuses(t, jsonLines('{"Pclass":1}'), 'missing_column', /^row 40 lacks/, request)
})

t.test('options that are none, whatever the file', async (t) => {
  const body = bodies['named.csv']
  await refuses(t, body, 'invalid_option', /space is "x"/, { options: [['space', 'x']] })
  await refuses(t, body, 'invalid_option', /--format is "xml"/, { format: 'xml' })
  await refuses(t, body, 'invalid_option', /expected csv.* or png; did you mean "jsonl"\?/, {
    format: 'jsnl',
  })
  await refuses(t, body, 'invalid_option', /--input-format is "xml"/, { inputFormat: 'xml' })
  await refuses(t, body, 'invalid_option', /a summary takes space and method, not top/, {
    summary: true,
    options: [['top', '3']],
  })
  await refuses(t, '', 'empty_data', /no rows to sum up/, { summary: true })
})

t.test('a summary adds up to the explanations, in parts of any size', async (t) => {
  const body = bodies['named.csv']
  const explained = (await answer(t, body, {})).trim().split('\n').slice(1)
  const values = explained.map((line) => line.split(',').slice(4, 10).map(Number))
  interface Column {
    column: string
    mean_abs_shap: number[]
    mean_shap: number[]
    groups: { value?: unknown; rows: number; mean_shap: number[] }[]
  }
  const summaries: { rows: number; columns: Column[] }[] = []
  for (const partBytes of [300, 1 << 20])
    summaries.push(JSON.parse(await answer(t, body, { summary: true, partBytes })))
  for (const { rows, columns } of summaries) {
    t.equal(rows, 300)
    header.split(',').forEach((name, j) => {
      const found = columns.find(({ column }) => column === name) as Column
      const mean = values.reduce((sum, row) => sum + (row[j] as number), 0) / 300
      const size = values.reduce((sum, row) => sum + Math.abs(row[j] as number), 0) / 300
      t.ok(Math.abs((found.mean_shap[0] as number) - mean) < 1e-12, `${name}: mean`)
      t.ok(Math.abs((found.mean_abs_shap[0] as number) - size) < 1e-12, `${name}: mean size`)
      t.equal(
        found.groups.reduce((sum, group) => sum + group.rows, 0),
        300,
        `${name}: every row once`,
      )
      const pushes = found.groups.reduce(
        (sum, { rows, mean_shap }) => sum + rows * (mean_shap[0] as number),
        0,
      )
      t.ok(Math.abs(pushes / 300 - mean) < 1e-12, `${name}: groups make up the whole`)
    })
    const sex = columns.find(({ column }) => column === 'Sex') as Column
    t.strictSame(
      sex.groups.map(({ value }) => value),
      ['female', 'male'],
    )
  }
})

t.test('records are cut only where they end', async () => {
  const piece = fc.constantFrom('a', '"b\n"', '""', ',', '\n', '\r\n', '\r', ' ', '"x""\r\ny"')
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 40 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 7 }),
      async (pieces, blockBytes, chunkBytes) => {
        const text = Buffer.from(pieces.join(''))
        async function* chunks() {
          for (let at = 0; at < text.length; at += chunkBytes)
            yield text.subarray(at, at + chunkBytes)
        }
        const blocks: string[] = []
        let records = 0
        for await (const block of splitRecords(chunks(), blockBytes, true)) {
          if (block.records !== records)
            throw new Error(`${block.records} records before, not ${records}`)
          const own = block.bytes.toString()
          if ((own.split('"').length - 1) % 2 === 1) throw new Error(`cut within quotes: ${own}`)
          records += own.replace(/"[^"]*"/g, 'q').split(/\r\n|\n|\r/).length - 1
          blocks.push(own)
        }
        const joined = blocks.join('')
        if (
          !text.toString().startsWith(joined) ||
          /[^\r\n]/.test(text.toString().slice(joined.length))
        )
          throw new Error('something was lost')
      },
    ),
    { seed: 5, numRuns: 500 },
  )
})

t.test('all cores give the bytes of one', async (t) => {
  const directory = t.testdir()
  const file = join(directory, 'rows.csv')
  writeFileSync(file, `${header}\n${`${lines.join('\n')}\n`.repeat(60)}`)
  const args = ['explain', file, '--model-dir', checkpoint]
  const one = await shapserveHere([...args, '--jobs', '1'])
  const several = await shapserveHere([...args, '--jobs', '2'])
  t.equal(one.status, 0)
  t.equal(several.stderr, '', 'no bar where nobody looks')
  t.ok(several.stdout === one.stdout, 'the same bytes')
  t.equal(several.stdout.split('\n').length, 18_002)
  writeFileSync(file, `${header}\n${`${lines.join('\n')}\n`.repeat(60)}1,Doe,male,x,0,0\n`)
  const wrong = await shapserveHere([...args, '--jobs', '2'])
  t.strictSame(
    [wrong.status, wrong.stderr],
    [1, 'shapserve: row 18001, column "Age": "x" is not a number\n'],
  )
  t.equal((await shapserveHere([...args, '--jobs', '0'])).status, 1)
})

t.test('what is written follows from --format, --out and the input', (t) => {
  const kinds: [Partial<RowsRequest>, InputFormat, string | RegExp][] = [
    [{ out: '-' }, 'csv', 'csv'],
    [{ out: '-' }, 'json', 'json'],
    [{ out: '-' }, 'parquet', 'csv'],
    [{ out: '-', format: 'json' }, 'csv', 'json'],
    [{ out: 'a.json' }, 'csv', 'json'],
    [{ out: 'A.JSONL' }, 'csv', 'jsonl'],
    [{ out: 'a.ndjson' }, 'csv', 'jsonl'],
    [{ out: 'a.csv' }, 'jsonl', 'csv'],
    [{ out: 'a.svg' }, 'csv', 'svg'],
    [{ out: 'answers' }, 'jsonl', 'jsonl'],
    [{ out: 'answers.2024-01' }, 'jsonl', 'jsonl'],
    [{ out: 'answers.txt', format: 'csv' }, 'json', 'csv'],
    [{ out: 'a.json', format: 'json' }, 'csv', 'json'],
    [{ out: '/dev/stdout' }, 'csv', 'csv'],
    [{ out: 'a.json', format: 'csv' }, 'csv', /names json, --format says csv; leave out --format/],
    [{ out: 'a.parquet', format: 'csv' }, 'csv', /names parquet, --format says csv/],
    [{ out: 'a.parquet' }, 'parquet', /names parquet, which is not written; name .* \.csv/],
    [{ out: 'a.csv.gz' }, 'csv', /names gz, which is not written/],
    [{ out: 'a.png' }, 'csv', 'png'],
    [{ out: 'a.jpg' }, 'csv', /names jpg, which is not written; .* \.jsonl, \.svg or \.png$/],
    [{ out: 'a.svg', operation: 'predict' }, 'csv', /names svg, .* \.jsonl or \.npy$/],
    [
      { out: 'a.gif', plot: [] },
      'csv',
      /^--out "a\.gif" ends in \.gif, expected \.svg or \.png, or name the --format$/,
    ],
    [{ out: 'a.gif', plot: [], format: 'png' }, 'csv', 'png'],
    [{ out: 'dir.gif/a', plot: [] }, 'csv', 'svg'],
    [{ out: '-', plot: [] }, 'csv', 'svg'],
    [{ out: '-', summary: true }, 'csv', 'json'],
    [{ out: 'a.json', summary: true }, 'csv', 'json'],
    [
      { out: '-', format: 'csv', summary: true },
      'csv',
      /a summary is written as json; --format is/,
    ],
    [{ out: 'a.csv', summary: true }, 'csv', /names csv, which is not written; .* \.json$/],
  ]
  for (const [request, input, expected] of kinds) {
    const choose = () =>
      chooseFormat(
        {
          operation: 'explain',
          out: '-',
          options: [],
          ...request,
        } as Partial<RowsRequest> as RowsRequest,
        input,
      )
    const what = JSON.stringify(request)
    if (typeof expected === 'string') t.equal(choose(), expected, what)
    else t.throws(choose, { name: 'InputError', code: 'invalid_option', message: expected }, what)
  }
  t.end()
})

t.test('who looks at a terminal is shown text, unless something else was asked for', (t) => {
  for (const [request, expected] of [
    [{}, 'text'],
    [{ operation: 'explain' }, 'text'],
    [{ operation: 'explain', options: [['interactions', 'true']] }, 'csv'],
    [{ selection: ['predicted_label'] }, 'csv'],
    [{ hasOutputHeader: true }, 'csv'],
    [{ format: 'json' }, 'json'],
    [{ operation: 'preprocess' }, 'csv'],
  ] as const) {
    const asked = { operation: 'predict', out: '-', options: [], ...request } as const
    t.equal(chooseFormat(asked, 'csv', true), expected, JSON.stringify(request))
  }
  t.throws(
    () =>
      chooseFormat(
        { operation: 'predict', out: '-', options: [], format: 'text', selection: ['labels'] },
        'csv',
      ),
    { code: 'invalid_option', message: /--select goes with/ },
  )
  t.end()
})

t.test('a packed file is the file that was packed', async (t) => {
  const objects = Array.from({ length: 60 }, () => JSON.stringify(passenger.object))
  const texts = {
    'rows.csv': bodies['named.csv'],
    'rows.jsonl': objects.join('\n'),
    'rows.json': `[${objects.join(',')}]`,
  }
  for (const [file, text] of Object.entries(texts)) {
    const plain = await answer(t, text, { file, partBytes: 500 })
    for (const name of [`${file}.gz`, file, 'rows'])
      t.equal(await answer(t, gzipSync(text), { file: name, partBytes: 500 }), plain, name)
  }
  const packed = gzipSync(bodies['named.csv'])
  const request = { file: 'rows.csv.gz' }
  await refuses(
    t,
    packed.subarray(0, 99),
    'invalid_file',
    /rows\.csv\.gz: the file ends too/,
    request,
  )
  await refuses(t, bodies['named.csv'], 'invalid_file', /is damaged or not gzip/, request)
  await refuses(t, '', 'invalid_file', /ends too early|not gzip/, request)
  await refuses(t, gzipSync('PAR1'), 'invalid_file', /Parquet packed by gzip; unpack it first/, {
    file: 'rows.parquet.gz',
  })
})

t.test('what was not understood is told on standard error', async (t) => {
  const directory = t.testdir()
  const csv = join(directory, 'rows.csv')
  writeFileSync(
    csv,
    `,PassengerId,${header}\n0,1,3,"Doe, Mr. J",Male,300,0,0\n1,2,3,"Doe, Mr. J",male,20,0,0\n`,
  )
  const parquet = join(directory, 'rows.parquet')
  const number = (name: string) => ({ name, type: 'DOUBLE', values: [1, 2] }) as const
  const text = (name: string) => ({ name, type: 'BYTE_ARRAY', values: ['a', 'b'] }) as const
  const named = [number('Pclass'), text('Name'), text('Sex'), number('Age'), number('SibSp')]
  writeFileSync(
    parquet,
    writeParquet([...named, number('Parch'), text('Elsewhere'), number('PassengerId')], 1),
  )
  const strangers = 'warning   ignored, the model has no such column: '
  const unused = 'warning   ignored, the model learned nothing from it: "PassengerId"\n'
  const unknown = 'a category that training has not seen'
  const male = `warning   "Sex": 1 × ${unknown}, such as "Male"\n`
  const age = 'warning   "Age": 1 × a number below or above all numbers of training, such as 300\n'
  const letters = `warning   "Sex": 2 × ${unknown}, such as "a"\n`
  const index = `${strangers}"Unnamed: 0"\n${unused}`
  const told = `${index}${male}`
  const cases: [args: string[], stderr: string][] = [
    [['predict', csv], told],
    [['predict', csv, '--format', 'json'], told],
    [['predict', csv, '--format', 'npy', '--select', 'probabilities'], told],
    [['predict', parquet], `${strangers}"Elsewhere"\n${unused}${letters}`],
    [['preprocess', csv], told],
    [['explain', csv], told],
    [['explain', csv, '--format', 'jsonl'], index],
    [['explain', csv, '--format', 'jsonl', '--warnings', 'true'], index],
    [['explain', csv, '--warnings', 'true'], `${told}${age}`],
    [['explain', csv, '--summary', '--warnings', 'true'], `${told}${age}`],
    [['explain', csv, '--summary'], told],
    [['explain', csv, '--warnings', 'false'], ''],
    [['explain', csv, '--summary', '--warnings', 'false'], ''],
  ]
  for (const [args, stderr] of cases) {
    const done = await shapserveHere([...args, '--model-dir', checkpoint])
    t.strictSame([done.status, done.stderr], [0, stderr], args.join(' '))
  }
  const refused = await shapserveHere([
    'explain',
    csv,
    '--summary',
    '--top',
    '2',
    '--model-dir',
    checkpoint,
  ])
  t.match(refused.stderr, /a summary takes space and method, not top/)
})
