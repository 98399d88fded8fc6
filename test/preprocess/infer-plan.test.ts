/** What inference makes of names and meanings: orders, codes, gaps, spellings, the positive class. */
import t from 'tap'
import { textColumn } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { inferPlan, type Told } from '../../src/preprocess/infer-plan.ts'
import { orderByMeaning } from '../../src/preprocess/known-orders.ts'
import type { ColumnPlan } from '../../src/preprocess/plan.ts'
import { findSpellings } from '../../src/preprocess/spellings.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { checkRefused } from '../tables.ts'

type Cells = (row: number) => string | number

/** A table of a number, a column x and the target y. */
function tableOf(x: Cells, rows = 60, y: Cells = (row) => row % 2, name = 'x') {
  const lines = Array.from({ length: rows }, (_, i) => `${i / 3},${x(i)},${y(i)}\n`)
  return readCsvTable(`n,${name},y\n${lines.join('')}`)
}

t.test('categories in the order that they mean', (t) => {
  const ordered: readonly string[][] = [
    ['small', 'medium', 'large'],
    ['S', 'M', 'L', 'XL'],
    ['Jan', 'Feb', 'Mar', 'Sept', 'Dec'],
    ['January', 'may', 'JUNE'],
    ['Mon', 'Wed', 'Sun'],
    ['low', 'medium', 'high', 'very high'],
    ['None', 'mild', 'moderate', 'severe'],
    ['Strongly disagree', 'Disagree', 'Neutral', 'Agree', 'Strongly agree'],
    ['never', 'rarely', 'sometimes', 'often', 'always'],
    ['Fair', 'Good', 'Very Good', 'Premium', 'Ideal'],
    ['First', 'Second', 'Third'],
    ['high school', "Bachelor's", "Master's", 'PhD'],
    ['level 1', 'level 2', 'level 10'],
    ['Grade_1', 'grade_2', 'GRADE_3'],
    ['Q1', 'Q2', 'Q4'],
    ['1. low', '2. middle', '10. high'],
    ['1 - no', '2 - a little', '3 - much'],
    ['<18', '18-25', '26-64', '65+'],
    ['under 20', '20 to 40', 'over 40'],
    ['$0-$9', '$10-$99', '$100+'],
    ['0-5 years', '6-10 years', '11 or more years'],
  ]
  for (const order of ordered) {
    const name = order.join(' < ')
    t.strictSame(orderByMeaning(order), order, name)
    t.strictSame(orderByMeaning(order.toReversed()), order, `${name}, in another order`)
    t.equal(orderByMeaning([...order, 'Ann']), undefined, `${name}, and something else`)
  }
  const none: readonly string[][] = [
    ['small', 'large'],
    ['medium', 'middle', 'large'],
    ['small', 'Monday', 'high'],
    ['01', '02', '03'],
    ['n1', 'n2', 'n3'],
    ['2024-01-02', '2024-01-03', '2024-02-01'],
    ['3-1', '2-1', '0-4'],
    ['12 Main St', '7 Elm St', '9 Oak St'],
    ['constructor', '__proto__', 'toString'],
    ['<', '>', '+'],
    ['', '1', '2'],
  ]
  for (const levels of none) t.equal(orderByMeaning(levels), undefined, levels.join(' '))
  // Linear in the length of a text, however it is written.
  const long = ['9'.repeat(50), `<${' '.repeat(58)}`, `${'1.'.repeat(30)}`]
  t.equal(orderByMeaning(long), undefined)
  t.equal(orderByMeaning(['<1', '2+', 'x'.repeat(1e6)]), undefined)
  t.end()
})

t.test('an order that a user says', async (t) => {
  const sizes = ['big', 'wee', 'mid']
  const table = tableOf((i) => sizes[i % 3]!)
  const roles = new Map([['x', 'ordinal' as const]])
  const infer = (told?: Told) => runSteps(inferPlan(table, 'y', roles, true, undefined, told))
  t.strictSame(infer().plan.ordinal, [{ column: 'x', impute: 'most_frequent' }])
  t.equal(infer().columns[1]?.reason, 'as asked: big < mid < wee')
  const { plan, columns } = infer({ orders: new Map([['x', ['wee', 'mid', 'big']]]) })
  t.strictSame(plan.ordinal, [
    { column: 'x', categories: ['wee', 'mid', 'big'], impute: 'most_frequent' },
  ])
  t.equal(columns[1]?.reason, 'as asked: wee < mid < big')
  const meant = runSteps(
    inferPlan(
      tableOf((i) => ['hot', 'cold', 'mild'][i % 3]!),
      'y',
      roles,
    ),
  )
  t.strictSame(meant.plan.ordinal[0]?.categories, ['cold', 'mild', 'hot'], 'asked without one')
  const days = tableOf((i) => ['Fri', 'Mon', 'Sun'][i % 3]!)
  t.strictSame(
    runSteps(inferPlan(days, 'y')).plan.ordinal,
    [],
    'what goes round is guessed to be nominal',
  )
  t.strictSame(runSteps(inferPlan(days, 'y', roles)).plan.ordinal[0]?.categories, [
    'Mon',
    'Fri',
    'Sun',
  ])
})

t.test('codes by name', (t) => {
  const cases: [string, Cells, number, string][] = [
    ['zip', (i) => 10_000 + (i % 30) * 7, 600, 'nominal'],
    ['storeId', (i) => 1 + (i % 30), 600, 'nominal'],
    ['area_code', (i) => 200 + (i % 30), 599, 'numeric'],
    ['amount', (i) => 200 + (i % 30), 600, 'numeric'],
    ['zip', (i) => 10_000 + ((i * 7919) % 400), 6000, 'numeric'],
    ['id', (i) => 20_000 + ((i * 48_271) % 97) * 903, 60, 'id'],
    ['tumour grade', (i) => i % 4, 60, 'numeric'],
    ['num_children', (i) => i % 3, 60, 'numeric'],
    ['ward', (i) => i % 4, 60, 'nominal'],
    ['income', (i) => 20_000 + ((i * 48_271) % 97) * 903, 60, 'numeric'],
  ]
  for (const [name, cell, rows, role] of cases) {
    const { columns } = runSteps(inferPlan(tableOf(cell, rows, undefined, name), 'y'))
    t.equal(columns[1]?.role, role, `${name} of ${rows} rows`)
  }
  t.end()
})

t.test('a column of which most is missing', (t) => {
  // 80 % missing; in the first table of the rows of class 0 only.
  const tells: Cells = (i) => (i % 5 === 0 ? 0 : 1)
  const none: Cells = (i) => Math.floor(i / 5) % 2
  const cases: [string, Cells, Cells, boolean, string, RegExp][] = [
    ['a number, missing ones stay', (i) => i + 0.5, tells, true, 'numeric', /tells the target/],
    ['a number, imputed', (i) => i + 0.5, tells, false, 'indicator', /whether it has a value/],
    ['a few texts', (i) => 'ab'[(i / 5) % 2]!, tells, false, 'nominal', /tells the target/],
    ['different texts', (i) => `t${i}`, tells, true, 'indicator', /whether it has a value/],
    ['a number that says nothing', (i) => i + 0.5, none, true, 'drop', /^80 % missing$/],
    ['texts that say nothing', (i) => `t${i}`, none, false, 'drop', /^80 % missing$/],
  ]
  for (const [name, present, y, stays, role, reason] of cases) {
    const table = tableOf((i) => (i % 5 === 0 ? present(i) : ''), 200, y)
    const { columns, plan } = runSteps(inferPlan(table, 'y', new Map(), stays))
    t.equal(columns[1]?.role, role, name)
    t.match(columns[1]?.reason, reason, name)
    t.strictSame(plan.indicator, role === 'indicator' ? [{ column: 'x' }] : undefined)
  }
  t.end()
})

t.test('spellings of one category', (t) => {
  const spellings = (...texts: string[]) =>
    Object.fromEntries(findSpellings(textColumn(texts.toSorted(() => 0))))
  const cases: [string[], Record<string, string>][] = [
    [
      ['Male', 'Male', 'male', 'MALE', 'M', 'Female', 'F'],
      { male: 'Male', MALE: 'Male', M: 'Male', F: 'Female' },
    ],
    [['male', 'Male', 'x'], { Male: 'male' }],
    [['fe male', 'fe_male'], { fe_male: 'fe male' }],
    [['Paris', 'Раris'], { Раris: 'Paris' }],
    [['１', '1'], { 1: '１' }],
    [['Dr.', 'Dr', 'Dr'], { 'Dr.': 'Dr' }],
    [['A', 'A-', 'AB', 'B'], {}],
    [['1.5', '15'], {}],
    [['Cat', 'Cow', 'C'], {}],
    [['S', 'M', 'L'], {}],
  ]
  for (const [texts, expected] of cases)
    t.strictSame(spellings(...texts), expected, texts.join(' '))
  t.end()
})

t.test('spellings are merged on request', async (t) => {
  const texts = ['Male', 'male', 'Female', 'F', '']
  const table = tableOf((i) => texts[i % 5]!)
  const infer = (told: Told, table_ = table) =>
    runSteps(inferPlan(table_, 'y', new Map(), false, undefined, told))
  const { plan, columns } = infer({ merge: ['x'] })
  t.strictSame(plan.nominal, [
    { column: 'x', impute: 'own_level', minFrequency: 1, merge: { male: 'Male', F: 'Female' } },
  ])
  t.match(columns[1]?.reason, /2 categories; .*merged: "male" is "Male", "F" is "Female"$/)
  const cases: [string, string, RegExp][] = [
    ['z', 'unknown_column', /"z"/],
    ['y', 'invalid_plan', /is the target/],
    ['n', 'invalid_plan', /no texts that look like spellings/],
  ]
  for (const [column, code, message] of cases)
    await checkRefused(t, () => infer({ merge: [column] }), code as 'invalid_plan', message, column)
})

t.test('the positive class', async (t) => {
  const cases: [string, readonly [string | number, number][], string | undefined, RegExp][] = [
    [
      '0 and 1',
      [
        [0, 10],
        [1, 90],
      ],
      '1',
      /by its name/,
    ],
    [
      'yes and no',
      [
        ['no', 10],
        ['yes', 90],
      ],
      'yes',
      /by its name/,
    ],
    [
      'truth in any spelling',
      [
        ['TRUE', 90],
        ['false', 10],
      ],
      'true',
      /by its name/,
    ],
    [
      'fraud',
      [
        ['fraud', 2],
        ['legit', 998],
      ],
      'fraud',
      /by its name/,
    ],
    [
      'a negation',
      [
        ['Ripe', 60],
        ['not ripe', 40],
      ],
      'Ripe',
      /by its name/,
    ],
    [
      'bad and good',
      [
        ['bad', 30],
        ['good', 70],
      ],
      'bad',
      /the rarer one/,
    ],
    [
      '1 and 2',
      [
        [1, 30],
        [2, 70],
      ],
      '1',
      /the rarer one/,
    ],
    [
      'nearly as many',
      [
        ['a', 45],
        ['b', 55],
      ],
      'b',
      /the last in order/,
    ],
    [
      'three classes',
      [
        ['a', 5],
        ['b', 5],
        ['c', 90],
      ],
      undefined,
      /./,
    ],
  ]
  for (const [name, counts, positive, reason] of cases) {
    const labels = counts.flatMap(([label, rows]) => new Array<string>(rows).fill(String(label)))
    const table = tableOf(
      (i) => (i * 7) % 5,
      labels.length,
      (i) => labels[i]!,
    )
    const found = runSteps(inferPlan(table, 'y'))
    t.equal(found.positive?.name, positive, name)
    t.match(found.positive?.reason ?? '-', reason, name)
    const isLast = found.positive?.isLast !== false
    t.equal(
      found.plan.positiveClass,
      isLast ? undefined : positive,
      'said where it is not the last',
    )
  }
  const table = tableOf((i) => i % 7)
  const ask = (positive: string, of = table): ColumnPlan =>
    runSteps(inferPlan(of, 'y', new Map(), false, undefined, { positive })).plan
  t.equal(ask('0').positiveClass, '0')
  t.equal(ask('1').positiveClass, undefined)
  await checkRefused(
    t,
    () => ask('2'),
    'invalid_plan',
    /"2" is not in the target "y", which has "0", "1"/,
    'no class',
  )
  const three = tableOf(
    (i) => i % 7,
    60,
    (i) => i % 3,
  )
  await checkRefused(t, () => ask('1', three), 'invalid_plan', /has 3 classes/, 'of three')
})
