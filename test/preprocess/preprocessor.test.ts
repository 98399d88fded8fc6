import fc from 'fast-check'
import t from 'tap'
import {
  type Cell,
  type Column,
  cellAt,
  type DataFrame,
  numberColumn,
  takeRows,
  textColumn,
} from '../../src/data/frame.ts'
import { createJsonReader } from '../../src/data/json-fields.ts'
import { type Matrix, takeMatrixRows } from '../../src/data/matrix.ts'
import { runSteps } from '../../src/data/steps.ts'
import { fitPreprocessor } from '../../src/preprocess/fit-preprocessor.ts'
import { fitImputeCategory } from '../../src/preprocess/impute-category.ts'
import { fitImputeNumber } from '../../src/preprocess/impute-number.ts'
import { type AnyTransformer, transformerKind } from '../../src/preprocess/index.ts'
import { fitOneHotEncoder } from '../../src/preprocess/one-hot-encoder.ts'
import { fitOrdinalEncoder } from '../../src/preprocess/ordinal-encoder.ts'
import { type ColumnPlan, readPlan } from '../../src/preprocess/plan.ts'
import {
  buildPreprocessor,
  frameOfCells,
  type PreprocessorSpec,
} from '../../src/preprocess/preprocessor.ts'
import { fitStandardScaler } from '../../src/preprocess/standard-scaler.ts'
import { readPreprocessor } from '../../src/preprocess/stored-preprocessor.ts'
import { foldToColumns } from '../../src/shap/explanation.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { checkRefused, readExample } from '../tables.ts'

t.test('missing numbers are filled with one value', (t) => {
  const column = numbers(1, null, 2, 2, 10, 3)
  for (const [how, value] of [
    ['mean', 3.6],
    ['median', 2],
    ['most_frequent', 2],
  ] as const) {
    const fitted = fitImputeNumber(column, how)
    t.strictSame(fitted, { kind: 'impute_number', value }, how)
    t.strictSame(apply(fitted, numbers(null, 7, null)), { x: [value, 7, value] }, `${how} applied`)
  }
  t.equal(fitImputeNumber(numbers(4, 1, 3, 2), 'median').value, 2.5, 'median of an even number')
  t.equal(fitImputeNumber(numbers(10, 9, 100), 'median').value, 10, 'numbers order by size')
  t.equal(fitImputeNumber(numbers(5, 4, 5, 4), 'most_frequent').value, 4, 'the smaller of equals')
  t.end()
})

t.test('missing categories are filled with the most frequent one', (t) => {
  const fitted = fitImputeCategory(texts('b', 'a', null, 'b'))
  t.strictSame(fitted, { kind: 'impute_category', value: 'b' })
  t.strictSame(apply(fitted, texts(null, 'a', 'z', null)), { x: ['b', 'a', 'z', 'b'] })
  t.strictSame(apply(fitted, texts(null, 'a')), { x: ['b', 'a'] }, 'a category not among the rows')
  t.equal(fitImputeCategory(texts('b', 'a')).value, 'a', 'the first of equals')
  const ofNumbers = fitImputeCategory(numbers(3, 1, 3, null))
  t.strictSame(ofNumbers, { kind: 'impute_category', value: 3 })
  t.strictSame(apply(ofNumbers, numbers(null, 2)), { x: [3, 2] })
  t.end()
})

t.test('merged categories and indicators, cell by cell and in columns', (t) => {
  const word = fc.constantFrom('a', 'A', 'b', 'B ', '', 'constructor', '__proto__', 'toString', 'ß')
  const cells = fc.oneof(
    fc.array(fc.option(word)),
    fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))),
  )
  const property = fc.property(cells, fc.array(fc.tuple(word, word)), (given, pairs) => {
    const isText = given.every((cell) => cell === null || typeof cell === 'string')
    const column = isText ? texts(...given) : numbers(...(given as (number | null)[]))
    const map = Object.fromEntries(pairs)
    // The last of equal keys counts, and nothing is replaced twice.
    const replaced = given.map((cell) => pairs.findLast(([from]) => from === cell)?.[1] ?? cell)
    const wanted: [AnyTransformer, Cell[]][] = [
      [{ kind: 'category_map', map }, isText ? replaced : given],
      [{ kind: 'missing_indicator' }, given.map((cell) => (cell === null ? 1 : 0))],
    ]
    for (const [spec, expected] of wanted) {
      const stored = JSON.parse(JSON.stringify(spec))
      const reader = createJsonReader((message) => new Error(message))
      const entry = reader.object(stored, 'it', ['kind', ...Object.keys(spec)])
      for (const own of [spec, transformerKind(spec.kind).read(entry, reader, 'it')]) {
        const { cell, apply } = transformerKind(own.kind).build(own)
        const [made] = apply(column)
        const found = given.map((_, row) => cellAt(made as Column, row))
        const one = given.map((value) => cell.apply(value, column.kind))
        for (const answer of [found, one])
          if (!answer.every((value, i) => Object.is(value, expected[i])))
            throw new Error(`${JSON.stringify(spec)}: ${JSON.stringify(answer)}`)
      }
    }
  })
  fc.assert(property, { numRuns: 500, seed: 17 })
  t.end()
})

t.test('numbers are scaled to mean 0 and population deviation 1', (t) => {
  const fitted = fitStandardScaler(numbers(2, 4, 4, 4, 5, 5, 7, 9))
  t.strictSame(fitted, { kind: 'standard_scaler', mean: 5, scale: 2 })
  t.strictSame(apply(fitted, numbers(9, 5, 0)), { x: [2, 0, -2.5] })
  t.strictSame(fitStandardScaler(numbers(3, 3)), { kind: 'standard_scaler', mean: 3, scale: 1 })
  t.equal(fitStandardScaler(numbers(0.1, 0.1, 0.1)).scale, 1, 'rounding is not a spread')
  t.end()
})

t.test('small numbers and numbers far from 0 have the scale that scikit-learn gives them', (t) => {
  const alternating = (a: number, b: number, rows = 20) =>
    fitStandardScaler(numbers(...Array.from({ length: rows }, (_, i) => (i % 2 ? a : b))))
  const cases: [string, number, number, number, number][] = [
    ['tiny numbers', -1e-13, 1e-13, 0, 1e-13],
    [
      'milliseconds of a day in 2023',
      1_700_000_000_000,
      1_700_000_000_001,
      1_700_000_000_000.5,
      0.5,
    ],
    ['nanoseconds', 1.7e18, 1.7e18 + 1_000_192, 1.7e18 + 500_096, 500_096],
    ['a spread below the rounding of the mean', 1e17, 1e17 + 16, 1e17 + 8, 1],
    ['one number', 1.7e18, 1.7e18, 1.7e18, 1],
    ['squares that are no doubles', 1e-170, -1e-170, 0, 1],
  ]
  for (const [name, low, high, mean, scale] of cases) {
    const fitted = alternating(low, high)
    t.ok(Math.abs(fitted.mean - mean) <= 4 * Number.EPSILON * Math.abs(mean), `${name}: mean`)
    t.ok(Math.abs(fitted.scale / scale - 1) < 1e-15, `${name}: scale ${fitted.scale}`)
  }
  const many = alternating(1.7e18, 1.7e18 + 1_000_192, 2000)
  t.equal(many.scale, 1, 'with many rows the rounding of the mean counts more, as in scikit-learn')
  t.end()
})

t.test('mean and deviation keep their digits with any offset', (t) => {
  const spread = Array.from({ length: 31 }, (_, i) => ((i * 37) % 31) * 64)
  const plain = fitStandardScaler(numbers(...spread))
  for (const offset of [0, 2 ** 20, -(2 ** 40), 2 ** 52]) {
    const { mean, scale } = fitStandardScaler(numbers(...spread.map((value) => value + offset)))
    t.ok(
      Math.abs(mean - offset - plain.mean) <= Number.EPSILON * Math.abs(offset),
      `mean + ${offset}`,
    )
    t.ok(Math.abs(scale / plain.scale - 1) < 1e-14, `deviation of ${offset} more: ${scale}`)
  }
  t.end()
})

t.test('ordinal categories become their place in the order', (t) => {
  const fitted = fitOrdinalEncoder(texts('b', 'c', 'a', 'b'))
  t.strictSame(fitted, { kind: 'ordinal_encoder', categories: ['a', 'b', 'c'] })
  t.strictSame(
    apply(fitted, texts('c', 'a', 'never seen', null)),
    { x: [2, 0, -1, 3] },
    'unknown −1, missing last',
  )
  const given = fitOrdinalEncoder(texts('low'), ['low', 'mid', 'high'])
  t.strictSame(apply(given, texts('high', 'low', 'mid')), { x: [2, 0, 1] }, 'an order given')
  const ofNumbers = fitOrdinalEncoder(numbers(10, 9, 100))
  t.strictSame(ofNumbers.categories, [9, 10, 100], 'numbers order by size')
  t.strictSame(apply(ofNumbers, numbers(100, 11, null)), { x: [2, -1, 3] })
  t.end()
})

t.test('nominal categories become one column each', (t) => {
  const fitted = fitOneHotEncoder(texts('b', 'a', 'b', 'c'), 1)
  t.strictSame(fitted, {
    kind: 'one_hot_encoder',
    categories: ['a', 'b', 'c'],
    infrequent: [],
    missingLevel: false,
  })
  t.strictSame(
    apply(fitted, texts('b', 'never seen', null, 'a')),
    { 'x=a': [0, 0, 0, 1], 'x=b': [1, 0, 0, 0], 'x=c': [0, 0, 0, 0] },
    'unknown and missing are all zeros',
  )
  const rare = fitOneHotEncoder(texts('b', 'a', 'b', 'c', null), 2)
  t.strictSame(rare, {
    kind: 'one_hot_encoder',
    categories: ['b'],
    infrequent: ['a', 'c'],
    missingLevel: true,
  })
  t.strictSame(
    apply(rare, texts('c', 'b', null, 'never seen', 'a')),
    { 'x=b': [0, 1, 0, 0, 0], 'x=(other)': [1, 0, 0, 1, 1], 'x=(missing)': [0, 0, 1, 0, 0] },
    'rare and unknown share a level, missing has its own',
  )
  const ofNumbers = fitOneHotEncoder(numbers(3, 1, 3), 1)
  t.strictSame(apply(ofNumbers, numbers(1, 2, 3)), { 'x=1': [1, 0, 0], 'x=3': [0, 0, 1] })
  t.end()
})

const csv = `Id,Fare,Deck,Port,Name,Note
1,10,low,S,"Braund, Mr. Owen",x
2,,high,C,"Cumings, Mrs. John",x
3,30,low,,"Heikkinen, Miss. Laina",x
4,20,mid,S,"Futrelle, the Countess. of X",x
5,20,,Q,Allen,x
6,40,mid,S,"Moran, Mlle. Y",x
`

const plan = readPlan({
  target: 'Survived',
  numeric: [{ column: 'Fare', impute: 'mean' }],
  ordinal: [{ column: 'Deck', categories: ['low', 'mid', 'high'], impute: 'own_level' }],
  nominal: ['Port', { column: 'Title', impute: 'most_frequent' }],
  derived: [
    {
      column: 'Title',
      from: 'Name',
      pattern: ', (?:the )?([A-Z][a-z]+)',
      group: 1,
      map: { Mlle: 'Miss' },
    },
  ],
})

t.test('a plan becomes features, worked out by hand', (t) => {
  const { preprocessor, dropped } = fit(readCsvTable(csv), plan)
  t.strictSame(dropped, [])
  t.strictSame(preprocessor.featureNamesIn, ['Fare', 'Deck', 'Port', 'Name'], "the table's order")
  t.strictSame(preprocessor.spec.otherColumns, ['Id', 'Note'])
  t.strictSame(preprocessor.featureNamesOut, [
    'Fare',
    'Deck',
    'Port=C',
    'Port=Q',
    'Port=S',
    'Port=(missing)',
    'Title=Countess',
    'Title=Miss',
    'Title=Mr',
    'Title=Mrs',
  ])
  t.strictSame([...preprocessor.inputOf], [0, 1, 2, 2, 2, 2, 3, 3, 3, 3])
  const row = (text: string) => matrixRows(preprocessor.transform(readCsvTable(text)))
  t.strictSame(row(csv), [
    [10, 0, 0, 0, 1, 0, 0, 0, 1, 0],
    [24, 2, 1, 0, 0, 0, 0, 0, 0, 1],
    [30, 0, 0, 0, 0, 1, 0, 1, 0, 0],
    [20, 1, 0, 0, 1, 0, 1, 0, 0, 0],
    // No title in "Allen": the most frequent one, Miss.
    [20, 3, 0, 1, 0, 0, 0, 1, 0, 0],
    [40, 1, 0, 0, 1, 0, 0, 1, 0, 0],
  ])
  t.strictSame(
    row('Name,Port,Deck,Fare\n"Z, Sir. A",X,top,\n,NA,,5\n'),
    [
      [24, -1, 0, 0, 0, 0, 0, 0, 0, 0],
      [5, 3, 0, 0, 0, 1, 0, 1, 0, 0],
    ],
    'other order of columns, unknown categories, missing values',
  )
  t.end()
})

t.test('a column reports what training saw in it', (t) => {
  const { inputs } = fit(readCsvTable(csv), { ...plan, nullable: ['Name'] }).preprocessor.spec
  t.strictSame(inputs, [
    {
      name: 'Fare',
      type: 'number',
      nullable: true,
      range: {
        minimum: 10,
        median: 20,
        maximum: 40,
        deviation: Math.sqrt(104),
        integer: true,
      },
      example: 20,
    },
    {
      name: 'Deck',
      type: 'text',
      nullable: true,
      categories: ['high', 'low', 'mid'],
      example: 'low',
    },
    { name: 'Port', type: 'text', nullable: true, categories: ['C', 'Q', 'S'], example: 'S' },
    { name: 'Name', type: 'text', nullable: true, example: 'Braund, Mr. Owen' },
  ])
  t.end()
})

t.test('linear models get scaled numbers and places, and one-hot columns as they are', (t) => {
  const table = readCsvTable(csv)
  const { preprocessor } = fit(table, plan, true)
  const rows = matrixRows(preprocessor.transform(table))
  for (const [j, expected] of [
    // (10, 24, 30, 20, 20, 40): mean 24, variance (196 + 0 + 36 + 16 + 16 + 256) / 6
    [0, [10, 24, 30, 20, 20, 40].map((x) => (x - 24) / Math.sqrt(520 / 6))],
    // (0, 2, 0, 1, 3, 1): mean 7/6, variance 41/36
    [1, [0, 2, 0, 1, 3, 1].map((x) => (x - 7 / 6) / Math.sqrt(41 / 36))],
  ] as const) {
    const worst = Math.max(
      ...rows.map((row, i) => Math.abs((row[j] ?? NaN) - (expected[i] ?? NaN))),
    )
    t.ok(worst <= 1e-14, `feature ${j}`, { worst })
  }
  t.ok(
    rows.every((row) => row.slice(2).every((value) => value === 0 || value === 1)),
    'one-hot columns stay 0 and 1',
  )
  t.end()
})

t.test('SHAP values of features are summed up to the column they come from', (t) => {
  const { preprocessor } = fit(readCsvTable(csv), plan)
  const folded = new Float64Array(4).fill(99)
  foldToColumns(
    Float64Array.of(1, 2, 0.5, 0.25, 0.125, 0, 4, 8, 16, 32),
    preprocessor.inputOf,
    folded,
  )
  t.strictSame([...folded], [1, 2, 0.875, 60])
  t.end()
})

t.test('two columns made from one are summed up to it', (t) => {
  const both = readPlan({
    target: 'y',
    numeric: [],
    nominal: ['Name', 'Title'],
    derived: [{ column: 'Title', from: 'Name', pattern: '^.' }],
  })
  const { preprocessor } = fit(readCsvTable('Name,Fare\nab,1\nac,2\nba,3\n'), both)
  t.strictSame(preprocessor.featureNamesIn, ['Name'])
  t.strictSame([...preprocessor.inputOf], [0, 0, 0, 0, 0])
  t.end()
})

t.test('a derived title', async (t) => {
  const derived = {
    column: 'Title',
    from: 'Name',
    pattern: ', (?:the )?([A-Z][A-Za-z]+)',
    group: 1,
    map: { Mlle: 'Miss', Ms: 'Miss', Mme: 'Mrs' },
  }
  const made = (names: (string | null)[], change: Partial<typeof derived> = {}) => {
    const spec: PreprocessorSpec = {
      inputs: [{ name: 'Name', type: 'text', nullable: true, example: '' }],
      otherColumns: [],
      derived: [{ ...derived, ...change }],
      steps: [],
    }
    const columns = buildPreprocessor(spec).derive({
      names: ['Name'],
      columns: [texts(...names)],
      length: names.length,
    })
    return cells(columns.get('Title') as Column)
  }
  t.strictSame(
    made([
      'Braund, Mr. Owen Harris',
      'Rothes, the Countess. of (Lucy)',
      'Sagesser, Mlle. Emma',
      'Reynaldo, Ms. Encarnacion',
      'Aubart, Mme. Leontine',
      'Andersson, Master. Sigvard',
      'Madonna',
      null,
      'Braund, Mr. Owen Harris',
    ]),
    ['Mr', 'Countess', 'Miss', 'Miss', 'Mrs', 'Master', null, null, 'Mr'],
  )
  t.strictSame(made(['A, Mr. B'], { group: 0 }), [', Mr'], 'group 0 is the whole match')
  t.strictSame(made(['a1', 'a'], { pattern: '[0-9]*$', group: 0 }), ['1', null], 'empty = missing')
  for (const key of ['__proto__', 'constructor'])
    t.strictSame(made([key], { pattern: '.*', group: 0 }), [key], `${key} is a plain value`)
  await checkRefused(t, () => made([], { pattern: '(' }), 'invalid_pattern', /"Title"/, 'broken')
  await checkRefused(t, () => made([], { group: 2 }), 'invalid_pattern', /has 1 groups/, 'group')
  await checkRefused(
    t,
    () => made([], { pattern: '(a)\\1' }),
    'invalid_pattern',
    /cannot be used/,
    'a back reference, which needs more than linear time',
  )
})

t.test('columns without information in the training rows are dropped', async (t) => {
  const table = readCsvTable(csv)
  const more = { ...plan, nominal: [...plan.nominal, nominal('Note')] }
  t.strictSame(fit(table, more).dropped, [
    { column: 'Note', reason: 'one value only in the training rows' },
  ])
  const rows = Int32Array.of(1)
  await checkRefused(
    t,
    () => runSteps(fitPreprocessor(table, rows, { ...more, numeric: [] }, { scale: false })),
    'invalid_plan',
    /no column is left/,
    'nothing left',
  )
  const port = { ...plan, ordinal: [], nominal: [nominal('Port')], derived: [] }
  t.strictSame(
    runSteps(fitPreprocessor(table, Int32Array.of(2, 3), port, { scale: false })).dropped,
    [],
    'S or missing',
  )
  t.strictSame(
    runSteps(
      fitPreprocessor(table, Int32Array.of(2, 0), { ...port, numeric: [] }, { scale: false }),
    ).dropped,
    [],
  )
  t.strictSame(
    runSteps(fitPreprocessor(table, Int32Array.of(2, 1, 4, 0), port, { scale: false })).dropped,
    [],
  )
  const dropped = runSteps(
    fitPreprocessor(table, Int32Array.of(0, 3, 5), port, { scale: false }),
  ).dropped
  t.strictSame(dropped, [{ column: 'Port', reason: 'one value only in the training rows' }])
  const none = runSteps(
    fitPreprocessor(
      readCsvTable('a,b\n,1\n,2\nx,3\n'),
      Int32Array.of(0, 1),
      readPlan({ target: 'y', numeric: ['b'], nominal: ['a'] }),
      { scale: false },
    ),
  )
  t.strictSame(none.dropped, [{ column: 'a', reason: 'no values in the training rows' }])
})

t.test('a plan that does not fit the values is refused', async (t) => {
  const table = readCsvTable('n,c,x=a,x\n1,a,1,a\n2,b,2,b\n10,c,3,a\n')
  for (const [name, json, code, message] of [
    ['text as a number', { numeric: ['c'] }, 'invalid_number', /"c" cannot be numeric: .*"a"/],
    [
      'an order without a category',
      { ordinal: [{ column: 'c', categories: ['a', 'b'] }] },
      'invalid_plan',
      /"c" holds "c", which its categories do not name/,
    ],
    [
      'features of the same name',
      { numeric: ['x=a'], nominal: ['x'] },
      'duplicate_column',
      /"x=a"/,
    ],
  ] as const) {
    await checkRefused(t, () => fit(table, readPlan({ target: 'y', ...json })), code, message, name)
  }
})

t.test('an order written as texts fits a number column', (t) => {
  const json = { target: 'y', ordinal: [{ column: 'n', categories: ['10', '2', '1'] }] }
  const { preprocessor } = fit(readCsvTable('n\n1\n2\n10\n'), readPlan(json))
  t.strictSame(matrixRows(preprocessor.transform(readCsvTable('n\n10\n1\n'))), [[0], [2]])
  t.end()
})

t.test('an order that a stored model could not hold is refused', async (t) => {
  const table = readCsvTable('n\n1\n2\n')
  for (const [name, categories] of [
    ['two texts for one number', ['1', '1.0', '2']],
    ['a text in the order of numbers', ['1', '2', 'high']],
  ] as const) {
    const json = { target: 'y', ordinal: [{ column: 'n', categories }] }
    await checkRefused(t, () => fit(table, readPlan(json)), 'invalid_plan', /"n"/, name)
  }
})

t.test('only training rows are learnt from', (t) => {
  const table = readCsvTable(csv)
  const rows = Int32Array.of(0, 1, 2, 4)
  const other = readCsvTable(
    csv
      .replace('4,20,mid,S,"Futrelle, the Countess. of X"', '4,999,top,X,"Futrelle, Dr. X"')
      .replace('6,40,mid,S,"Moran, Mlle. Y"', '6,-999,,,Nobody'),
  )
  for (const scale of [false, true]) {
    const [first, second] = [table, other].map(
      (frame) => runSteps(fitPreprocessor(frame, rows, withoutOrder(plan), { scale })).spec,
    )
    t.strictSame(first?.steps, second?.steps, `what is fitted${scale ? ', scaled' : ''}`)
    t.strictSame(first?.derived, second?.derived)
    t.strictSame(first?.otherColumns, second?.otherColumns)
    // Whether a value may be missing is no more than a permission; it may come from all rows.
    const seen = (spec: PreprocessorSpec | undefined) =>
      spec?.inputs.map((input) => ({ ...input, nullable: true }))
    t.strictSame(seen(first), seen(second), 'what a column says that training saw in it')
  }
  t.end()
})

t.test('numbers too large to reckon with are refused, or give finite numbers', (t) => {
  const fail = (message: string) => new Error(message)
  const reader = createJsonReader(fail)
  for (const [name, cells] of Object.entries({
    'a sum that overflows': ['1.6e308', '1.7e308', '', '1.5e308', '1.6e308'],
    'squares that overflow': ['1e200', '2e200', '', '-3e200', '4e200'],
  })) {
    for (const impute of ['mean', 'median', 'most_frequent'] as const) {
      for (const scale of [false, true]) {
        const table = readCsvTable(`n,c\n${cells.map((cell, i) => `${cell},${i}\n`).join('')}`)
        const numeric = [{ column: 'n', impute }]
        let spec: PreprocessorSpec
        try {
          spec = fit(table, readPlan({ target: 'y', numeric }), scale).preprocessor.spec
        } catch (error) {
          t.equal((error as { code?: unknown }).code, 'non_finite', `${name}, ${impute}: refused`)
          continue
        }
        const json: unknown = JSON.parse(JSON.stringify(spec))
        t.doesNotThrow(
          () => readPreprocessor(reader.object(json, 'it'), reader, fail),
          `${name}, ${impute}${scale ? ', scaled' : ''}: it can be stored`,
        )
        const rows = matrixRows(buildPreprocessor(spec).transform(table))
        t.ok(rows.flat().every(Number.isFinite), `${name}, ${impute}: its features are finite`)
      }
    }
  }
  t.end()
})

t.test('a stored preprocessor is the same one', (t) => {
  const fail = (message: string) => new Error(message)
  const specs = [false, true].flatMap((scale) => [
    fit(readCsvTable(csv), plan, scale).preprocessor.spec,
    fit(
      readExample('titanic.csv'),
      readPlan({
        target: 'Survived',
        numeric: ['Age', { column: 'Fare', impute: 'mean' }].slice(0, 1),
        ordinal: [{ column: 'Pclass', categories: [3, 2, 1] }],
        nominal: [{ column: 'SibSp', min_frequency: 30 }, 'Sex'],
      }),
      scale,
    ).preprocessor.spec,
  ])
  for (const spec of specs) {
    const json: unknown = JSON.parse(JSON.stringify(spec))
    const reader = createJsonReader(fail)
    const again = readPreprocessor(reader.object(json, 'it'), reader, fail)
    t.strictSame(again, spec)
    t.strictSame(buildPreprocessor(again).featureNamesOut, buildPreprocessor(spec).featureNamesOut)
  }
  t.end()
})

t.test('a model that says nothing of Unicode tells texts apart as it always did', (t) => {
  const fail = (message: string) => new Error(message)
  const reader = createJsonReader(fail)
  const inputsOf = (spec: object) =>
    readPreprocessor(reader.object(JSON.parse(JSON.stringify(spec)), 'it'), reader, fail).inputs
  const written = 'c,y\nZürich,1\nBasel,0\nZürich,1\n'
  const { spec } = fit(
    readCsvTable(written),
    readPlan({ target: 'y', nominal: ['c'] }),
  ).preprocessor
  t.match(inputsOf(spec), [{ unicode: 'NFC' }])
  t.equal(inputsOf(spec)[0]?.raw, undefined)
  const old = { ...spec, inputs: spec.inputs.map(({ unicode: _, ...input }) => input) }
  t.match(inputsOf(old), [{ raw: true }])
  const ascii = {
    ...old,
    inputs: old.inputs.map((input) => ({
      ...input,
      categories: ['Basel', 'Bern'],
      example: 'Basel',
    })),
  }
  t.equal(inputsOf(ascii)[0]?.raw, undefined, 'ASCII has one form')
  const momentsOf = (...categories: string[]) =>
    inputsOf({ ...old, inputs: old.inputs.map((input) => ({ ...input, categories, example: '' })) })
  t.equal(momentsOf('2024-02-29 12:30:00', '2024-03-01')[0]?.raw, undefined, 'in their one form')
  t.equal(momentsOf('2024-02-29T12:30:00.000Z')[0]?.raw, true, 'in another form')
  t.end()
})

t.test('a stored preprocessor whose parts do not fit is refused', (t) => {
  const fail = (message: string) => new Error(message)
  const reader = createJsonReader(fail)
  const spec = fit(readCsvTable(csv), plan).preprocessor.spec
  const [fare, deck, port, title] = spec.steps
  const encoder = {
    kind: 'one_hot_encoder',
    categories: ['a'],
    infrequent: [],
    missingLevel: false,
  }
  for (const [name, change, message] of [
    ['an input twice', { inputs: [...spec.inputs, spec.inputs[0]] }, /name a column twice/],
    ['a derived column of an unknown one', { inputs: spec.inputs.slice(0, 3) }, /"Name"/],
    ['a step of an unknown column', { derived: [] }, /steps\[3\].*"Title"/],
    ['an unknown kind', { steps: [{ column: 'Fare', chain: [{ kind: 'pca' }] }] }, /kind is "pca"/],
    ['text that nothing is done to', { steps: [{ column: 'Port', chain: [] }] }, /"Port" into/],
    [
      'a chain that leaves text',
      { steps: [{ column: 'Port', chain: [{ kind: 'impute_category', value: 'S' }] }] },
      /does not turn "Port" into/,
    ],
    [
      'numbers of a text column',
      { steps: [{ column: 'Port', chain: [{ kind: 'impute_number', value: 1 }, encoder] }] },
      /does not turn "Port" into/,
    ],
    [
      'a scaler of texts',
      {
        steps: [{ column: 'Port', chain: [{ kind: 'min_max_scaler', scale: 1, offset: 0 }] }],
      },
      /does not turn "Port" into/,
    ],
    [
      'a scale of zero',
      {
        steps: [
          {
            column: 'Fare',
            chain: [
              { kind: 'impute_number', value: 0 },
              { kind: 'standard_scaler', mean: 0, scale: 0 },
            ],
          },
        ],
      },
      /scale \(positive\)/,
    ],
    [
      'a category twice',
      { steps: [{ column: 'Port', chain: [{ ...encoder, categories: ['a', 'a'] }] }] },
      /names a category twice/,
    ],
  ] as const) {
    const json: unknown = JSON.parse(JSON.stringify({ ...spec, ...change }))
    t.throws(() => readPreprocessor(reader.object(json, 'it'), reader, fail), { message }, name)
  }
  t.ok(fare && deck && port && title, 'the whole one is accepted')
  t.end()
})

function fit(frame: DataFrame, plan: ColumnPlan, scale = false) {
  const rows = Int32Array.from({ length: frame.length }, (_, row) => row)
  const { spec, dropped } = runSteps(fitPreprocessor(frame, rows, plan, { scale }))
  return { preprocessor: buildPreprocessor(spec), dropped }
}

/** The columns that a transformer makes from a column x, by name. */
function apply(transformer: AnyTransformer, column: Column): Record<string, Cell[]> {
  const transform = transformerKind(transformer.kind).build(transformer)
  const made = transform.apply(column)
  return Object.fromEntries(transform.names('x').map((name, i) => [name, cells(made[i] as Column)]))
}

function withoutOrder(plan: ColumnPlan): ColumnPlan {
  return { ...plan, ordinal: plan.ordinal.map(({ column, impute }) => ({ column, impute })) }
}

function nominal(column: string) {
  return { column, impute: 'own_level', minFrequency: 1 } as const
}

function numbers(...values: (number | null)[]) {
  return numberColumn(Float64Array.from(values, (value) => value ?? Number.NaN))
}

function texts(...values: (string | null)[]) {
  return textColumn(values)
}

function cells(column: Column): Cell[] {
  const length = column.kind === 'number' ? column.values.length : column.codes.length
  return Array.from({ length }, (_, row) => cellAt(column, row))
}

function matrixRows({
  rows,
  columns,
  data,
}: {
  rows: number
  columns: number
  data: Float64Array
}) {
  return Array.from({ length: rows }, (_, row) => [
    ...data.subarray(row * columns, (row + 1) * columns),
  ])
}

t.test('many rows are transformed block by block, and chosen ones in their order', (t) => {
  const count = 100_000
  const lines = Array.from({ length: count }, (_, i) => `${i % 50 ? i / 8 : ''},${'abc'[i % 3]}\n`)
  const table = readCsvTable(`n,c\n${lines.join('')}`)
  const all = Int32Array.from(lines, (_, i) => i)
  const plan = readPlan({ target: 'y', numeric: ['n'], nominal: ['c'] })
  const { spec } = runSteps(fitPreprocessor(table, all, plan, { scale: true }))
  const { transform } = buildPreprocessor(spec)
  const whole = transform(table)
  const chosen = all.map((i) => (i * 7919) % count).subarray(0, 70_000)
  const same = (found: Matrix, name: string) => {
    const wanted = takeMatrixRows(whole, chosen)
    t.equal(found.rows, wanted.rows, name)
    t.ok(Buffer.from(found.data.buffer).equals(Buffer.from(wanted.data.buffer)), `${name}: bits`)
  }
  same(transform(table, chosen), 'by their numbers')
  same(transform(takeRows(table, chosen)), 'taken before')
  const last = transform(takeRows(table, all.subarray(count - 3)))
  t.strictSame(last.data, whole.data.subarray(whole.data.length - 3 * whole.columns))
  t.end()
})

t.test('scalers and encoders whose gaps are kept pass missing values on', (t) => {
  const chains: readonly [readonly AnyTransformer[], (number | null)[], boolean][] = [
    [[{ kind: 'standard_scaler', mean: 1, scale: 2 }], [null, 0.5, 1], true],
    [[{ kind: 'min_max_scaler', scale: 0.5, offset: 1 }], [null, 2, 2.5], true],
    [[{ kind: 'min_max_scaler', scale: 0.5, offset: 1, clip: [0, 2.25] }], [null, 2, 2.25], true],
    [[{ kind: 'ordinal_encoder', categories: [3], missing: 'kept' }], [null, -1, 0], true],
    [[{ kind: 'ordinal_encoder', categories: [3], missing: 7, unknown: 9 }], [7, 9, 0], false],
    [
      [{ kind: 'ordinal_encoder', categories: [3], missing: 7, unknown: 'missing' }],
      [7, null, 0],
      true,
    ],
    [
      [
        { kind: 'impute_number', value: 3 },
        { kind: 'min_max_scaler', scale: 2, offset: 0 },
      ],
      [6, 4, 6],
      false,
    ],
  ]
  for (const [chain, wanted, canMiss] of chains) {
    const spec: PreprocessorSpec = {
      inputs: [{ name: 'x', type: 'number', nullable: true, example: 2 }],
      otherColumns: [],
      derived: [],
      steps: [{ column: 'x', chain }],
    }
    const reader = createJsonReader((message) => new Error(message))
    const read = readPreprocessor(
      reader.object(JSON.parse(JSON.stringify(spec)), 'it'),
      reader,
      (message) => new Error(message),
    )
    t.strictSame(read.steps, spec.steps, 'read as it was written')
    const preprocessor = buildPreprocessor(spec)
    const { data } = preprocessor.transform(frameOfCells(spec.inputs, [[null], [2], [3]]))
    t.strictSame(
      Array.from(data, (value) => (Number.isNaN(value) ? null : value)),
      wanted,
    )
    t.strictSame(preprocessor.canBeMissing, [canMiss])
  }
  t.end()
})
