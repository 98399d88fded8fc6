/** What training says of columns and of the target: every warning or refusal, and that its way out works. */
import { join } from 'node:path'
import t from 'tap'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import { buildPreprocessor, frameOfCells } from '../../../src/preprocess/preprocessor.ts'
import { nothingSaid } from '../../../src/preprocess/written/recognise.ts'
import { buildTestApp, post } from '../../helper.ts'
import { type Told, table, trainOn } from './train-on.ts'

const label = (row: number) => ((row * 7) % 5) % 2
const amount = (row: number) => 20_000 + ((row * 48_271) % 65_537)

/** Columns, what is said of them, what a reader does next. */
const cases: [
  name: string,
  columns: Parameters<typeof table>[0],
  said: RegExp | null,
  remedy?: Told,
][] = [
  ['an income', { income: amount }, null],
  [
    'a threshold',
    { x: (row) => label(row) * 50 + ((row * 31) % 47) },
    /column "x" tells the target: it alone gets all of 240 rows right; .*\(--drop x\)$/,
    { roles: new Map([['x', 'drop']]) },
  ],
  [
    'a name with blanks',
    { 'the x': (row) => label(row) * 50 + ((row * 31) % 47) },
    /leave it out \(--drop 'the x'\)$/,
    { roles: new Map([['the x', 'drop']]) },
  ],
  [
    'spellings',
    { sex: (row) => ['Male', 'Male', 'male', 'MALE', 'M', 'Female', 'Female', 'F'][row % 8]! },
    /column "sex" tells "Male" and "M" apart, .*--merge sex$/m,
    { merge: ['sex'] },
  ],
  [
    'units that differ',
    { mass: (row) => `${row % 40}.5 ${row % 3 ? 'kg' : 'lb'}` },
    /column "mass" holds numbers of different units, such as "0\.5 lb" and "1\.5 kg".*--drop mass\)$/m,
    { roles: new Map([['mass', 'drop']]) },
  ],
  [
    'currencies that differ, of a column that is left out',
    { price: (row) => `${row % 3 ? '$' : 'USD '}${row}.25` },
    /column "price" holds numbers of different units/,
    { roles: new Map([['price', 'drop']]) },
  ],
  ['sizes with a letter', { size: (row) => `${30 + (row % 8)}${'AB'[row % 2]}` }, null],
  ['places', { place: (row) => ['1st', '2nd', '3rd', '4th'][(row >> 1) % 4]! }, null],
  [
    'units beside words',
    { street: (row) => ['5 kg', '6 lb', '7 kg', 'none of it'][(row >> 1) % 4]! },
    null,
  ],
  [
    'a text among few numbers',
    { cylinders: (row) => (row === 7 ? 'rotary' : [3, 4, 5, 6, 8, 10, 12, 16][(row >> 2) % 8]!) },
    /column "cylinders" holds numbers but for "rotary" in 1 row, .*; --treat-as-missing rotary if/,
    { written: { ...nothingSaid, treatAsMissing: ['rotary'] } },
  ],
  [
    'a frequent text among few numbers',
    { rooms: (row) => ['none', 1, 2, 3, 4, 5][(row >> 2) % 6]! },
    null,
  ],
  [
    'many texts that tell',
    { shop: (row) => `s${label(row)}${(row >> 2) % 30}` },
    /column "shop" is left out, though it alone .*--nominal shop uses it$/,
    { roles: new Map([['shop', 'nominal']]) },
  ],
]

t.test('columns', async (t) => {
  for (const [name, columns, said, remedy] of cases) {
    await t.test(name, async (t) => {
      const text = table(columns, 240)
      const { warnings } = await trainOn(t, text)
      if (said === null) return t.strictSame(warnings, [])
      t.match(warnings.join('\n'), said)
      const after = await trainOn(t, text, remedy)
      t.strictSame(
        after.warnings.filter((warning) => said.test(warning)),
        [],
        'followed',
      )
    })
  }
})

t.test('merged spellings, indicators and orders are the same at serving', async (t) => {
  const sexes = ['Male', 'male', 'M', 'Female', 'F', '']
  const sizes = ['small', 'large', 'medium']
  const text = table(
    {
      sex: (row) => sexes[row % 6]!,
      size: (row) => sizes[(row * 5) % 3]!,
      note: (row) => (label(row) === 1 && row % 3 === 0 ? `note ${row}` : ''),
    },
    300,
  )
  const told: Told = { merge: ['sex'], estimator: 'random_forest', engine: 'native' }
  const { artifact, modelDir } = await trainOn(t, text, told)
  t.strictSame(artifact.plan.nominal[0]?.merge, { male: 'Male', M: 'Male', F: 'Female' })
  t.strictSame(artifact.plan.ordinal[0]?.categories, ['small', 'medium', 'large'])
  t.strictSame(artifact.plan.indicator, [{ column: 'note' }])
  const { predictor } = await readModelDirectory(modelDir)
  t.strictSame(buildPreprocessor(artifact.preprocessor).featureNamesOut, [
    'n',
    'size',
    'sex=Female',
    'sex=Male',
    'sex=(missing)',
    'note=(missing)',
  ])
  const predict = (sex: string | null, note: string | null) => [
    ...predictor.predict(frameOfCells(artifact.preprocessor.inputs, [[3, sex, 'large', note]]))
      .probabilities,
  ]
  for (const spelling of ['male', 'M']) t.strictSame(predict(spelling, 'x'), predict('Male', 'x'))
  t.notSame(predict('Male', null), predict('Male', 'x'), 'a gap counts')
  t.strictSame(predict('Male', 'never seen'), predict('Male', 'x'), 'what is in it does not')

  const app = await buildTestApp(t, { model: await readModelDirectory(modelDir) })
  const expected = predict('Male', null)[1]
  for (const [type, body] of [
    ['application/json', '{"instances":[{"n":3,"sex":"M","size":"large","note":null}]}'],
    ['application/json', '[{"n":3,"sex":"male","size":"large"}]'],
    ['application/jsonlines', '{"n":3,"sex":"M","size":"large","note":null}\n'],
    ['text/csv', 'n,sex,size,note\n3,M,large,\n'],
    ['text/csv', 'n,sex,size,note\n3,M,large,\n3,Male,large,NA\n'],
  ] as const) {
    const answer = await post(app, '/invocations', type, body, { accept: 'text/csv' })
    t.equal(answer.statusCode, 200, answer.body)
    for (const line of answer.body.trim().split('\n')) t.equal(Number(line), expected, body)
  }
  const explained = await post(app, '/explain', 'text/csv', 'n,sex,size,note\n3,M,large,\n')
  t.equal(explained.statusCode, 200)
  const { feature_names: names } = explained.json<{ feature_names: string[] }>()
  t.strictSame(names, ['n', 'sex', 'size', 'note'], 'explained back to the columns')
})

async function refused(act: () => Promise<unknown>): Promise<Error> {
  try {
    await act()
  } catch (error) {
    return error as Error
  }
  throw new Error('not refused')
}

t.test('targets', async (t) => {
  const numbers = table({}, 120, (row) => amount(row))
  const { message } = await refused(() => trainOn(t, numbers))
  t.match(message, /is regression, which is not offered; --bins 4 makes classes/)
  const { artifact } = await trainOn(t, numbers, { bins: 4 })
  t.equal(artifact.classes.length, 4)
  t.match(artifact.classes, [/^Q1 <\d/, /^Q2 \d+ to \d/, /^Q3 /, /^Q4 >=/])
  const plan = artifact.plan
  const again = await trainOn(t, numbers, { plan, target: undefined, bins: 4 })
  t.strictSame(again.artifact.classes, artifact.classes, 'beside a plan')

  const fraud = table({}, 200, (row) => (row % 8 === 3 ? 'fraud' : 'legit'))
  t.strictSame((await trainOn(t, fraud)).artifact.classes, ['legit', 'fraud'])
  t.strictSame((await trainOn(t, fraud, { positive: 'legit' })).artifact.classes, [
    'fraud',
    'legit',
  ])
  const planned = { plan: (await trainOn(t, fraud)).artifact.plan, target: undefined }
  t.strictSame((await trainOn(t, fraud, { ...planned, positive: 'fraud' })).artifact.classes, [
    'legit',
    'fraud',
  ])
  const other = await refused(() => trainOn(t, fraud, { ...planned, positive: 'legit' }))
  t.match(other.message, /the plan's positive class is "fraud", --positive says "legit"/)

  await t.test('a channel is cut at the same edges', async (sub) => {
    const few = table({}, 40, (row) => amount(row))
    const file = join(sub.testdir({ 'v.csv': few }), 'v.csv')
    const { artifact } = await trainOn(t, numbers, { bins: 3, validation: { files: [file] } })
    t.equal(artifact.classes.length, 3)
  })
})

t.test('classes that are none of their own', async (t) => {
  const target = (classes: readonly (string | number)[]) =>
    table({}, 240, (row) => classes[((row * 7) % 5) % classes.length]!)
  const missing = (text: string) => ({
    written: { ...nothingSaid, treatAsMissing: [text] },
    dropMissingLabel: true,
  })
  const spelled = ['Yes', 'no', 'yes', 'N', 'No']
  const cases: [name: string, text: string, said: RegExp, Told, classes: string[]][] = [
    [
      'spellings',
      target(spelled),
      /^the target "y" has the classes "No" and "N", which look alike; --merge y takes them for one$/m,
      { merge: ['y'] },
      ['No', 'Yes'],
    ],
    [
      'a marker',
      target(['yes', 'no', '?']),
      /^the class "\?" of the target "y" looks like a missing label; --treat-as-missing '\?' with --drop-missing-label leaves its rows out if it is one$/m,
      missing('?'),
      ['no', 'yes'],
    ],
    ['a word', target(['yes', 'no', 'unknown']), /"unknown" of/, missing('unknown'), ['no', 'yes']],
    [
      'a dash among numbers',
      target([0, 1, '-']),
      /--treat-as-missing='-' with/,
      missing('-'),
      ['0', '1'],
    ],
  ]
  for (const [name, text, said, remedy, classes] of cases) {
    const { warnings } = await trainOn(t, text)
    t.match(warnings.join('\n'), said, name)
    const after = await trainOn(t, text, remedy)
    t.strictSame(after.artifact.classes, classes, name)
    t.notMatch(after.warnings.join('\n'), said, `${name}, followed`)
    // A file to measure on is read in the same way.
    await t.test(`${name}, measured`, async (sub) => {
      const file = join(sub.testdir({ 'v.csv': text }), 'v.csv')
      const { artifact } = await trainOn(t, text, { ...remedy, validation: { files: [file] } })
      t.strictSame(artifact.classes, classes)
    })
  }
  for (const classes of [
    ['+', '-', '0'],
    ['none', 'mild', 'severe'],
    ['?', 'yes'],
  ]) {
    const { warnings } = await trainOn(t, target(classes))
    t.notMatch(warnings.join('\n'), /looks like a missing label/, classes.join())
  }
  const nothing = await refused(() => trainOn(t, target(['a', 'b']), { merge: ['y'] }))
  t.match(nothing.message, /target "y" has no classes that look like spellings of one/)
  const needed = await refused(() =>
    trainOn(t, target(['yes', 'no', '?']), { ...missing('?'), dropMissingLabel: false }),
  )
  t.match(needed.message, /holds no label .* in 48 of 240 rows, .*; --drop-missing-label leaves/)
})

t.test('a misspelled parameter is told before the table is read', async (t) => {
  const told = { source: { files: ['no-such-file.csv'] }, params: { max_deph: 3 } }
  const { message } = await refused(() => trainOn(t, '', told as Told))
  t.match(message, /max_deph.*did you mean.*max_depth/)
})

t.test('orders on the command line', async (t) => {
  const columns = {
    'a=b': (row: number) => ['x', 'y'][row % 2]!,
    size: (row: number) => 'zyx'[row % 3]!,
  }
  const ask = (...roles: [string, 'ordinal'][]) =>
    trainOn(t, table(columns), { roles: new Map(roles) })
  const { artifact } = await ask(['size=z, y,x', 'ordinal'], ['a=b', 'ordinal'])
  t.strictSame(
    artifact.plan.ordinal.map(({ column, categories }) => [column, categories]),
    [
      ['a=b', undefined],
      ['size', ['z', 'y', 'x']],
    ],
  )
  for (const [told, message] of [
    ['size=z,y', /holds "x", which its categories do not name/],
    ['size=z,,x', /an order is different categories with commas between them/],
    ['size=z,z,y,x', /an order is different categories/],
    ['siez=z,y,x', /no column "siez"; did you mean "size"\?/],
  ] as const)
    t.match((await refused(() => ask([told, 'ordinal']))).message, message, told)
  const twice = await refused(() => ask(['size=z,y,x', 'ordinal'], ['size=x,y,z', 'ordinal']))
  t.match(twice.message, /"size" is given twice/)
})
