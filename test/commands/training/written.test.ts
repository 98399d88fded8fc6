/** Tables as people write them: what is found, what is asked, and that following each advice works. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { csv } from '../../../src/codecs/csv.ts'
import { json } from '../../../src/codecs/json.ts'
import { npy } from '../../../src/codecs/npy.ts'
import { choosePlan } from '../../../src/commands/training/choose-plan.ts'
import { readData } from '../../../src/commands/training/read-data.ts'
import { readRequest } from '../../../src/commands/training/read-training-flags.ts'
import type { TrainingFlags } from '../../../src/commands/training/training-flags.ts'
import { cellAt, type DataFrame, findColumn } from '../../../src/data/frame.ts'
import { runSteps } from '../../../src/data/steps.ts'
import { InputError } from '../../../src/errors.ts'
import { parsePlan, writePlan } from '../../../src/preprocess/plan.ts'
import { frameOfCells } from '../../../src/preprocess/preprocessor.ts'
import { rowChecks } from '../../../src/preprocess/row-checks.ts'
import { applyWritten } from '../../../src/preprocess/written/apply-written.ts'
import { createMemoryBudget } from '../../../src/tables/memory.ts'
import { readTables } from '../../../src/tables/read-tables.ts'
import { train } from '../../../src/training/train.ts'
import { rowsOf } from '../../helper.ts'
import { quick } from '../../training/fit-table.ts'
import { toNpy } from '../../written-tables.ts'

const directory = t.testdir()
const ROWS = 60

/** Returns a file with a column `v` of these cells, a column `x` and a target. */
async function file(cell: (row: number) => string): Promise<string> {
  const path = join(directory, 'table.csv')
  const rows = Array.from(
    { length: ROWS },
    (_, row) => `"${cell(row)}",${row % 7}.5,${row % 2 ? 'yes' : 'no'}`,
  )
  await writeFile(path, `v,x,y\n${rows.join('\n')}\n`)
  return path
}

const usual: TrainingFlags = {
  target: 'y',
  estimator: 'decision_tree',
  engine: 'native',
  header: true,
  mistakes: true,
  modelDir: 'unused',
  seed: '0',
}

/** Plans a file as `train` does. */
async function planOf(path: string, flags: Partial<TrainingFlags> = {}) {
  const request = await readRequest([path], { ...usual, ...flags })
  const read = await readTables(request.source, request.header)
  const { plan, columns = [] } = runSteps(choosePlan(request, read, true))
  return { plan, columns, raw: read.table, table: applyWritten(read.table, plan.written) }
}

function cellsOf(table: DataFrame, rows: number): unknown[] {
  const column = findColumn(table, 'v')
  return Array.from({ length: rows }, (_, row) => column && cellAt(column, row))
}

interface Shape {
  readonly name: string
  readonly cell: (row: number) => string
  readonly flags?: Partial<TrainingFlags>
  /** The first cells as they are read. */
  readonly cells: readonly unknown[]
  readonly role: string
  /** What is printed beside the column. */
  readonly reason?: RegExp
}

const among = (first: string, cell: (row: number) => string) => (row: number) =>
  row === 0 ? first : cell(row)
const tenths = (row: number) => `${row}.25`
const known = `- -- — ? . None none NULL NaN #N/A missing unknown Unknown n.d. N.A. \\N nil <NA> #DIV/0!`

const shapes: readonly Shape[] = [
  ...known.split(' ').map((marker) => ({
    name: `the marker ${marker}`,
    cell: among(marker, tenths),
    cells: [null, 1.25, 2.25],
    role: 'numeric',
  })),
  {
    name: 'markers are printed',
    cell: (row) => ['-', '?'][row] ?? tenths(row),
    cells: [null, null, 2.25],
    role: 'numeric',
    reason: /^number; 2 missing of 60 stay missing; "-", "\?" mean missing$/,
  },
  {
    name: 'a level among texts stays one',
    cell: (row) => ['unknown', 'red', 'blue', '-'][row % 4] as string,
    cells: ['unknown', 'red', 'blue', '-'],
    role: 'nominal',
  },
  {
    name: 'a level among texts that is said to mean missing',
    cell: (row) => ['unknown', 'red', 'blue', '-'][row % 4] as string,
    flags: { missingValues: 'unknown' },
    cells: [null, 'red', 'blue', '-'],
    role: 'nominal',
    reason: /"unknown" means missing/,
  },
  {
    name: 'two numbers and a word are categories',
    cell: (row) => ['1', '2', 'none'][row % 3] as string,
    cells: ['1', '2', 'none'],
    role: 'nominal',
  },
  {
    name: 'a marker of its own',
    cell: among('<0.1', tenths),
    flags: { treatAsMissing: ['<0.1'] },
    cells: [null, 1.25],
    role: 'numeric',
  },
  {
    name: 'a number that means missing',
    cell: among('-999', tenths),
    flags: { treatAsMissing: ['-999.0'] },
    cells: [null, 1.25],
    role: 'numeric',
    reason: /"-999" means missing/,
  },
  {
    name: 'times of day',
    cell: (row) => `${row % 24}:${row % 2 ? '30' : '00'}`,
    cells: [0, 1.5, 2, 3.5],
    role: 'numeric',
    reason: /^number; times of day as numbers: hours since midnight$/,
  },
  {
    name: 'times of day of which one is missing',
    cell: among('-', (row) => `${1 + (row % 12)}:15 PM`),
    cells: [null, 14.25, 15.25],
    role: 'numeric',
    reason: /"-" means missing$/,
  },
  {
    name: 'one text beyond a day makes durations of all',
    cell: among('26:00', (row) => `${row % 24}:30`),
    cells: [26, 1.5],
    role: 'numeric',
    reason: /^number; durations as numbers: hours$/,
  },
  {
    name: 'durations in words, some with one part',
    cell: (row) => (row % 2 ? `${row} min` : `${row} h ${row % 60} min`),
    cells: [0, 1 / 60, 2 + 2 / 60],
    role: 'numeric',
    reason: /durations/,
  },
  {
    name: 'numbers with one unit are those numbers',
    cell: (row) => `${(row * 7) % 30} m`,
    cells: [0, 7, 14],
    role: 'numeric',
    reason: /written as 1234\.5 m/,
  },
  {
    name: 'quarters',
    cell: (row) => `Q${1 + (row % 4)} ${2000 + (row >> 2)}`,
    cells: [2000, 2000.25, 2000.5],
    role: 'numeric',
    reason: /quarters as numbers/,
  },
  {
    name: 'quarters without a year are levels',
    cell: (row) => `Q${1 + (row % 4)}`,
    cells: ['Q1', 'Q2', 'Q3'],
    role: 'ordinal',
  },
  {
    name: 'times that are said to be categories',
    cell: (row) => `${row % 3}:00`,
    flags: { nominal: ['v'] },
    cells: ['0:00', '1:00', '2:00'],
    role: 'nominal',
  },
  {
    name: 'thousands with commas, a currency, accounting parentheses',
    cell: (row) => (row % 2 ? `$1,${200 + row}.50` : `($${row}.25)`),
    cells: [-0.25, 1201.5, -2.25, 1203.5],
    role: 'numeric',
    reason: /written as \$1,234\.5/,
  },
  {
    name: 'thousands with points, decimal commas',
    cell: (row) => `${1 + row}.234,${row % 10}`,
    cells: [1234, 2234.1, 3234.2],
    role: 'numeric',
    reason: /written as 1\.234,5/,
  },
  { name: 'decimal commas', cell: (row) => `${row},5`, cells: [0.5, 1.5], role: 'numeric' },
  {
    name: 'blanks that do not break, an euro behind',
    cell: (row) => `1\u00a0${200 + row},50\u202f€`,
    cells: [1200.5, 1201.5],
    role: 'numeric',
  },
  {
    name: 'apostrophes',
    cell: (row) => `1'${200 + row}.5`,
    cells: [1200.5, 1201.5],
    role: 'numeric',
  },
  {
    name: 'percent',
    cell: (row) => `${row}.5%`,
    cells: [0.5, 1.5],
    role: 'numeric',
    reason: /12% is the number 12/,
  },
  { name: 'a real minus', cell: (row) => `\u2212${row}.5`, cells: [-0.5, -1.5], role: 'numeric' },
  { name: 'units', cell: (row) => `${row}.5 kg`, cells: [0.5, 1.5], role: 'numeric' },
  {
    name: 'units that differ are texts',
    cell: (row) => `${row % 5} ${row % 2 ? 'kg' : 'lb'}`,
    cells: ['0 lb', '1 kg'],
    role: 'nominal',
  },
  {
    name: 'codes with zeros in front are texts',
    cell: (row) => `0${row % 9}1`,
    cells: ['001', '011'],
    role: 'nominal',
  },
  {
    name: 'categories when asked for',
    cell: (row) => `${row % 9}.5 kg`,
    flags: { nominal: ['v'] },
    cells: ['0.5 kg', '1.5 kg'],
    role: 'nominal',
  },
  {
    name: 'an example decides',
    cell: (row) => `1,${200 + row}`,
    flags: { numberFormat: ['v=1,234'], numeric: ['v'] },
    cells: [1200, 1201],
    role: 'numeric',
  },
  {
    name: 'an example decides what looks like decimals',
    cell: (row) => `1.${200 + row}`,
    flags: { numberFormat: ['v=1.234,5'], numeric: ['v'] },
    cells: [1200, 1201],
    role: 'numeric',
  },
  {
    name: 'ISO dates',
    cell: (row) => `2021-0${1 + (row % 9)}-15`,
    cells: ['2021-01-15', '2021-02-15'],
    role: 'numeric',
    reason: /^dates, year first or day.month.year \(YMD\).*makes days, month, day_of_week$/,
  },
  {
    name: 'American dates with times',
    cell: (row) => `${1 + (row % 12)}/${13 + (row % 15)}/2021 ${1 + (row % 12)}:05 PM`,
    cells: ['2021-01-13 13:05:00', '2021-02-14 14:05:00'],
    role: 'numeric',
    reason: /^dates, month first \(MDY\).*makes days, month, day_of_week, hour$/,
  },
  {
    name: 'European dates and a gap',
    cell: (row) => (row === 1 ? '-' : `${13 + (row % 15)}/${1 + (row % 12)}/2021`),
    cells: ['2021-01-13', null, '2021-03-15'],
    role: 'numeric',
    reason: /dates, day first \(DMY\)/,
  },
  {
    name: 'points have the day first',
    cell: (row) => `0${1 + (row % 9)}.0${1 + (row % 8)}.21`,
    cells: ['2021-01-01', '2021-02-02'],
    role: 'numeric',
  },
  {
    name: 'names of months',
    cell: (row) => `${1 + (row % 28)} Mar 2021`,
    cells: ['2021-03-01', '2021-03-02'],
    role: 'numeric',
  },
  {
    name: 'months without a day',
    cell: (row) => `20${10 + (row % 9)}-0${1 + (row % 8)}`,
    cells: ['2010-01-01', '2011-02-01'],
    role: 'numeric',
    reason: /makes days, year, month$/,
  },
  {
    name: 'months before their year',
    cell: (row) => `${1 + (row % 12)}/20${10 + (row % 9)}`,
    cells: ['2010-01-01', '2011-02-01'],
    role: 'numeric',
  },
  {
    name: 'names of months before their year',
    cell: (row) => `${['March', 'Sep'][row % 2]} 20${10 + (row % 9)}`,
    cells: ['2010-03-01', '2011-09-01'],
    role: 'numeric',
  },
  {
    name: 'seasons are no months',
    cell: (row) => `20${10 + (row % 2)}-${11 + (row % 2)}`,
    cells: ['2010-11', '2011-12'],
    role: 'nominal',
  },
  {
    name: 'decimals among which one is missing are no months',
    cell: (row) => (row === 0 ? '?' : `${1900 + row}.5`),
    cells: [null, 1901.5],
    role: 'numeric',
  },
  {
    name: 'an order that is said',
    cell: (row) => `0${1 + (row % 9)}/0${1 + (row % 8)}/2021`,
    flags: { dateFormat: ['v=MDY'], cyclic: ['v'] },
    cells: ['2021-01-01', '2021-02-02'],
    role: 'numeric',
    reason: /month_sin, month_cos/,
  },
  {
    name: 'dates as categories',
    cell: (row) => `2021-0${1 + (row % 9)}-15`,
    flags: { nominal: ['v'] },
    cells: ['2021-01-15', '2021-02-15'],
    role: 'nominal',
  },
]

t.test('what is written is found, printed, and is data', async (t) => {
  for (const { name, cell, flags, cells, role, reason } of shapes) {
    const { plan, columns, table } = await planOf(await file(cell), flags)
    t.strictSame(cellsOf(table, cells.length), cells, name)
    const own = columns.find(({ column }) => column === 'v')
    t.equal(own?.role, role, name)
    if (reason) t.match(own?.reason, reason, name)
    t.strictSame(parsePlan(JSON.stringify(writePlan(plan))), plan, `${name}: the plan`)
  }
})

t.test('time is counted where the name says so', async (t) => {
  const cases: [string, (row: number) => number, string][] = [
    ['created_at', (row) => 1_600_000_000 + row * 86_400, '2020-09-13 12:26:40'],
    ['timestamp', (row) => 1_600_000_000_000 + row * 86_400_000, '2020-09-13 12:26:40'],
    ['order_date', (row) => 20_210_301 + (row % 30), '2021-03-01'],
    ['amount', (row) => 1_600_000_000 + row * 86_400, ''],
  ]
  for (const [column, cell, first] of cases) {
    const path = join(directory, 'epoch.csv')
    const rows = Array.from({ length: ROWS }, (_, row) => `${cell(row)},${row % 2},${row % 3}`)
    await writeFile(path, `${column},y,x\n${rows.join('\n')}\n`)
    const { plan, table } = await planOf(path)
    t.equal(plan.derived.length > 0, first !== '', column)
    const read = findColumn(table, column)
    if (first !== '') t.equal(read && cellAt(read, 0), first, column)
  }
})

/** Returns the flags of an advice, as a shell would hand them over. */
function advised(message: string): Partial<TrainingFlags>[] {
  const found = message.matchAll(
    /--(treat-as-missing|nominal|drop|number-format|date-format)(?:=| )(?:'([^']*)'|([^ ;,]+))/g,
  )
  return Array.from(found, ([, flag = '', quoted, bare]) => ({
    [flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]: [quoted ?? bare],
  }))
}

async function refusalOf(t: Test, path: string, flags: Partial<TrainingFlags>): Promise<string> {
  try {
    await planOf(path, flags)
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
  t.fail('nothing was refused')
  return ''
}

t.test('what has two readings is asked, and each answer works', async (t) => {
  const cases: [string, (row: number) => string, RegExp, number][] = [
    [
      'a text among numbers',
      (row) => (row === 4 ? '<0.1' : tenths(row)),
      /holds numbers, but "<0\.1" in row 5; --treat-as-missing '<0\.1' if/,
      3,
    ],
    [
      'a text that begins with a dash',
      (row) => (row === 4 ? '-n/k-' : tenths(row)),
      /--treat-as-missing='-n\/k-'/,
      3,
    ],
    [
      'a text among dates',
      (row) => (row === 4 ? 'soon' : `2021-01-0${1 + (row % 9)} ${row % 24}:00`),
      /holds dates, but "soon" in row 5/,
      3,
    ],
    [
      'a text among times of day',
      (row) => (row === 4 ? 'noon' : `${row % 24}:${10 + (row % 40)}`),
      /holds times of day, but "noon" in row 5/,
      3,
    ],
    [
      'thousands or decimals',
      (row) => `1,${200 + row}`,
      /"1,200" in row 1 may be 1200 with --number-format 'v=1,234\.5' or 1\.2 with --number-format 'v=1234,5'/,
      2,
    ],
    [
      'thousands or decimals of a currency',
      (row) => `1.${200 + row} €`,
      /in row 1 may be 1\.2 with .* or 1200 with/,
      2,
    ],
    [
      'days or months first',
      (row) => `0${1 + (row % 9)}/0${2 + (row % 7)}/2021`,
      /"01\/02\/2021" in row 1 may be 2021-02-01 with --date-format 'v=DMY' or 2021-01-02 with --date-format 'v=MDY'/,
      2,
    ],
    [
      'percent or not',
      (row) => (row % 2 ? `${row}%` : `0.${row}1`),
      /"0\.01" in row 1, which may be 0\.01 percent or 0\.01 of one/,
      1,
    ],
  ]
  for (const [name, cell, expected, ways] of cases) {
    const path = await file(cell)
    const message = await refusalOf(t, path, {})
    t.match(message, expected, name)
    const advice = advised(message)
    t.equal(advice.length, ways, `${name}: ${message}`)
    for (const flags of advice) await t.resolves(planOf(path, flags), JSON.stringify(flags))
  }
})

t.test('flags that say nothing sensible are refused', async (t) => {
  const path = await file(tenths)
  const cases: [Partial<TrainingFlags>, RegExp][] = [
    [{ numberFormat: ['v'] }, /--number-format takes column=…, not "v"/],
    [{ numberFormat: ['v=12'] }, /takes the number 1234\.5 as the column writes it/],
    [{ numberFormat: ['v=1,234,5'] }, /takes the number 1234\.5/],
    [{ dateFormat: ['v=YDM'] }, /YDM/],
    [
      { dateFormat: ['v=DMY', 'v=MDY'] },
      /"v" is given as --date-format v=DMY and as --date-format v=MDY; leave one of them out/,
    ],
    [
      { numberFormat: ['v=1,234', 'v=1.234'] },
      /"v" is given as --number-format v=1,234 and as --number-format v=1\.234/,
    ],
    [{ dateFormat: ['w=DMY'] }, /the table has no column "w"/],
    [{ cyclic: ['y'] }, /column "y" is the target or the weight/],
    [{ numberFormat: ['v=1,234'], nominal: ['v'] }, /said to be nominal/],
    [{ dateFormat: ['v=DMY'] }, /row 1, column "v": "0\.25" is not a date/],
  ]
  for (const [flags, expected] of cases)
    t.match(await refusalOf(t, path, flags), expected, JSON.stringify(flags))
  const numeric = await file(among('abc', tenths))
  t.match(await refusalOf(t, numeric, { numeric: ['v'] }), /but "abc" in row 1/)
})

t.test('a time means the same in every format', async (t) => {
  const path = await file((row) => `${row % 24}:30`)
  const { plan, raw } = await planOf(path)
  t.strictSame(parsePlan(JSON.stringify(writePlan(plan))), plan, 'it stands in the plan')
  const { predictor } = await train(raw, plan, {
    ...quick,
    estimator: 'decision_tree',
    engine: 'native',
    params: new Map(),
  })
  const context = { ...predictor.preprocessor.spec, maxRows: 9 }
  for (const decoded of [
    csv.decode(Buffer.from('14:30,1\n14.5,1\n'), context, new Map()),
    json.decode(Buffer.from('[["14:30",1],[14.5,1]]'), context),
  ])
    t.same(cellsOf(decoded.frame, 2), [14.5, 14.5])
  t.throws(
    () => json.decode(Buffer.from('[["noon",1]]'), context),
    /row 1, column "v": "noon" is not written as training has it \(14:30\)/,
  )
})

t.test('dates in a role that is asked for', async (t) => {
  const path = await file((row) => (row % 4 ? `2024-0${1 + (row % 9)}-11` : ''))
  const { plan: numbers } = await planOf(path, { numeric: ['v'], dateFormat: ['v=YMD'] })
  const made = numbers.derived.map(({ column }) => column)
  t.ok(made.includes('v.days'), 'numbers are made of them')
  const { plan: indicated, columns } = await planOf(path, { indicator: ['v'] })
  t.same(indicated.indicator, [{ column: 'v' }])
  t.same(indicated.derived, [], 'no number is made of what only counts as there or not')
  t.equal(columns.find(({ column }) => column === 'v')?.role, 'indicator')
  t.match(await refusalOf(t, path, { merge: ['v'] }), /"v" holds dates.*nothing can be merged/)
})

t.test('texts of training are texts in every table', async (t) => {
  // Read as decimals, the thousands would be ones.
  const path = await file((row) => (row === 0 ? '1.000.000' : `${1 + (row % 9)}.000`))
  const other = join(directory, 'other.csv')
  await writeFile(other, 'v,x,y\n1.000,1.5,yes\n2.000,2.5,no\n')
  for (const flags of [{}, { numberFormat: ['v=1.234,5'] }]) {
    const given = { ...usual, ...flags, validation: [other], background: other }
    const request = await readRequest([path], given)
    const { training, channels, background } = await readData(request, createMemoryBudget())
    const { plan } = runSteps(choosePlan(request, training, true))
    for (const table of [channels.get('validation'), background])
      t.same(table && cellsOf(applyWritten(table, plan.written), 2), [1000, 2000])
  }
})

t.test('a sentinel is warned of, and the flag takes the warning away', async (t) => {
  const warned = async (cell: (row: number) => string, flags: Partial<TrainingFlags> = {}) => {
    const { plan, raw } = await planOf(await file(cell), flags)
    const { artifact } = await train(raw, plan, {
      ...quick,
      estimator: 'decision_tree',
      engine: 'native',
      params: new Map(),
    })
    return artifact.training.warnings.filter((line) => /column "v" has/.test(line))
  }
  const cell = (row: number) => (row % 20 === 3 ? '-999' : tenths(row))
  t.strictSame(await warned(cell), [
    `column "v" has -999 in 3 rows, far from its other numbers; --treat-as-missing='-999' if it means no value`,
  ])
  t.strictSame(await warned(cell, { treatAsMissing: ['-999'] }), [])
  t.strictSame(await warned((row) => `${row * 20}.5`), [])
  t.strictSame(await warned((row) => (row === 3 ? '99' : `${row + 37}.5`)), [])
})

t.test('a number that means missing means it in every format', async (t) => {
  const path = await file((row) => (row % 20 === 3 ? '-999' : tenths(row)))
  const { plan, raw } = await planOf(path, { treatAsMissing: ['-999'] })
  const { predictor } = await train(raw, plan, {
    ...quick,
    estimator: 'decision_tree',
    engine: 'native',
    params: new Map(),
  })
  const context = { ...predictor.preprocessor.spec, maxRows: 9 }
  const frames = [
    csv.decode(Buffer.from('-999.0,1\n2.5,1\n'), context, new Map()),
    json.decode(Buffer.from('[[-999,1],[2.5,1]]'), context),
    json.decode(Buffer.from('[["-999",1],["2.5",1]]'), context),
    npy.decode(
      toNpy([
        [-999, 1],
        [2.5, 1],
      ]),
      context,
    ),
  ]
  for (const { frame } of frames)
    t.strictSame(rowsOf(frame), [
      [null, 1],
      [2.5, 1],
    ])
  for (const text of ['?', '2,5'])
    t.throws(() => json.decode(Buffer.from(`[["${text}",1]]`), context), /is not a number/)
})

t.test('a coded number that training has not seen is warned of in the answer', async (t) => {
  const { plan, raw, columns } = await planOf(await file((row) => `${[10, 20, 40][row % 3]}`))
  t.match(
    columns.find(({ column }) => column === 'v'),
    {
      role: 'nominal',
      reason: /^whole number with 3 values/,
      override: '--numeric v',
    },
  )
  const { predictor } = await train(raw, plan, {
    ...quick,
    estimator: 'decision_tree',
    engine: 'native',
    params: new Map(),
  })
  const { preprocessor } = predictor
  const frame = frameOfCells(preprocessor.spec.inputs, [[30, 1.5]])
  const told = { code: 'unknown_category', column: 'v', count: 1, first: 30 } as const
  t.strictSame(rowChecks(preprocessor).tally(frame), [told])
  t.match(rowChecks(preprocessor).list(frame).get(0), [
    {
      code: 'unknown_category',
      column: 'v',
      value: 30,
      message: /30 is a category that training has not seen/,
    },
  ])
})
