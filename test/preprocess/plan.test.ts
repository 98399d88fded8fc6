import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runSteps } from '../../src/data/steps.ts'
import { checkPlan } from '../../src/preprocess/check-plan.ts'
import { inferPlan, type RoleOverrides } from '../../src/preprocess/infer-plan.ts'
import {
  type ColumnPlan,
  parsePlan,
  plannedColumns,
  readPlan,
  writePlan,
} from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { checkRefused, examples, readExample } from '../tables.ts'

t.test('a plan is read with its short forms and defaults', (t) => {
  t.strictSame(
    readPlan({
      target: 'y',
      positive_class: 1,
      id: ['id'],
      numeric: ['a', { column: 'b', impute: 'mean' }],
      ordinal: ['c', { column: 'd', categories: [3, 1, 2], impute: 'own_level' }],
      nominal: ['e', { column: 'f', impute: 'most_frequent', min_frequency: 10 }],
      derived: [{ column: 'f', from: 'g', pattern: 'x' }],
      drop: ['h', { column: 'i', reason: 'secret' }],
      nullable: ['a'],
    }),
    {
      target: 'y',
      positiveClass: '1',
      id: ['id'],
      numeric: [{ column: 'a' }, { column: 'b', impute: 'mean' }],
      ordinal: [
        { column: 'c', impute: 'most_frequent' },
        { column: 'd', categories: [3, 1, 2], impute: 'own_level' },
      ],
      nominal: [
        { column: 'e', impute: 'own_level', minFrequency: 1 },
        { column: 'f', impute: 'most_frequent', minFrequency: 10 },
      ],
      derived: [{ column: 'f', from: 'g', pattern: 'x', group: 0, map: {} }],
      dropped: [
        { column: 'h', reason: 'dropped by the plan' },
        { column: 'i', reason: 'secret' },
      ],
      nullable: ['a'],
    },
  )
  t.end()
})

t.test('a plan is written as it is read', (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../data/titanic.plan.json'), 'utf8')
  const plans = [
    parsePlan(text),
    readPlan({ target: 'y', numeric: ['a'] }),
    ...examples.map(({ file, target }) => runSteps(inferPlan(readExample(file), target)).plan),
  ]
  for (const plan of plans) {
    t.strictSame(parsePlan(JSON.stringify(writePlan(plan))), plan, `the plan of ${plan.target}`)
  }
  t.doesNotThrow(() => checkPlan(parsePlan(text), readExample('titanic.csv').names))
  t.end()
})

t.test('a plan that is not one is refused by the name of its entry', async (t) => {
  const cases: [string, unknown, RegExp][] = [
    ['a list', [], /^the plan must be an object$/],
    ['null', null, /^the plan must be an object$/],
    ['no target', {}, /^target must be a text$/],
    ['an empty target', { target: '' }, /^target must be a text$/],
    ['a number as target', { target: 1 }, /^target must be a text$/],
    ['an unknown key', { numerical: [] }, /^the plan has an unknown key "numerical".*"numeric"\?$/],
    [
      'a key of the program',
      { positiveClass: 1 },
      /unknown key "positiveClass"; .*"positive_class"/,
    ],
    ['id as a text', { id: 'x' }, /^id must be a list$/],
    ['id of a number', { id: ['x', 1] }, /^id\[1\] must be a text$/],
    ['numeric as an object', { numeric: {} }, /^numeric must be a list$/],
    ['an entry that is a number', { numeric: ['a', 5] }, /^numeric\[1\] must be an object$/],
    ['an entry without a column', { numeric: [{}] }, /^numeric\[0\]\.column must be a text$/],
    ['an entry with an empty name', { nominal: [''] }, /^nominal\[0\]\.column must be a text$/],
    [
      'an unknown key of an entry',
      { numeric: [{ column: 'a', inpute: 'mean' }] },
      /^numeric\[0\] has an unknown key "inpute"; did you mean "impute"\?$/,
    ],
    [
      'a key of another role',
      { numeric: [{ column: 'a', categories: [1] }] },
      /^numeric\[0\] has an unknown key "categories"/,
    ],
    [
      'an unknown imputation',
      { numeric: ['a', 'b', { column: 'c', impute: 'zero' }] },
      /^numeric\[2\]\.impute is "zero", expected mean, median, most_frequent, none$/,
    ],
    [
      'an imputation of numbers for categories',
      { nominal: [{ column: 'a', impute: 'mean' }] },
      /^nominal\[0\]\.impute is "mean", expected most_frequent, own_level$/,
    ],
    [
      'categories as a text',
      { ordinal: [{ column: 'a', categories: 'low' }] },
      /^ordinal\[0\]\.categories must be a list$/,
    ],
    [
      'no categories',
      { ordinal: [{ column: 'a', categories: [] }] },
      /^ordinal\[0\]\.categories must name the categories in order$/,
    ],
    [
      'categories of two types',
      { ordinal: [{ column: 'a', categories: [1, '2'] }] },
      /^ordinal\[0\]\.categories must hold texts only or numbers only$/,
    ],
    [
      'a category twice',
      { ordinal: [{ column: 'a', categories: ['x', 'x'] }] },
      /^ordinal\[0\]\.categories names a category twice$/,
    ],
    ...[0, -1, 1.5, '5'].map((min_frequency): [string, unknown, RegExp] => [
      `min_frequency ${JSON.stringify(min_frequency)}`,
      { nominal: [{ column: 'a', min_frequency }] },
      /^nominal\[0\]\.min_frequency must be a whole number from 1$/,
    ]),
    [
      'a derived column without a source',
      { derived: [{ column: 'a', pattern: 'x' }] },
      /^derived\[0\]\.from must be a text$/,
    ],
    [
      'a derived column without a pattern',
      { derived: [{ column: 'a', from: 'b' }] },
      /^derived\[0\]\.pattern must be a text$/,
    ],
    [
      'a group below 0',
      { derived: [{ column: 'a', from: 'b', pattern: 'x', group: -1 }] },
      /^derived\[0\]\.group must be a whole number from 0 to 99$/,
    ],
    [
      'a map to numbers',
      { derived: [{ column: 'a', from: 'b', pattern: 'x', map: { Ms: 1 } }] },
      /^derived\[0\]\.map\."Ms" must be a text$/,
    ],
    ['a reason that is a number', { drop: [{ column: 'a', reason: 1 }] }, /^drop\[0\]\.reason/],
    ['nullable of an object', { nullable: [{}] }, /^nullable\[0\] must be a text$/],
    ['a positive class that is an object', { positive_class: {} }, /^positive_class/],
    ['a positive class that is a list', { positive_class: ['1'] }, /^positive_class/],
    ['a positive class that is null', { positive_class: null }, /^positive_class/],
  ]
  for (const [name, change, message] of cases) {
    const isWhole = change === null || Array.isArray(change) || name === 'no target'
    const json: unknown = isWhole ? change : { target: 'y', ...(change as object) }
    await checkRefused(t, () => readPlan(json), 'invalid_plan', message, name)
  }
  for (const text of ['', '{', "{'target': 'y'}", '{"target": "y",}'])
    await checkRefused(t, () => parsePlan(text), 'invalid_plan', /^the plan is not JSON/, text)
})

t.test('names of a prototype are plain names', (t) => {
  const json: unknown = JSON.parse(
    '{"target":"constructor","numeric":["__proto__"],"derived":[{"column":"toString","from":"__proto__","pattern":"x","map":{"__proto__":"y"}}]}',
  )
  const plan = readPlan(json)
  t.strictSame(plannedColumns(plan), ['__proto__'])
  const mapOf = ({ derived: [first] }: ColumnPlan) => (first?.kind === 'date' ? {} : first?.map)
  t.strictSame(Object.keys(mapOf(plan) ?? {}), ['__proto__'])
  t.doesNotThrow(() => checkPlan(plan, ['__proto__', 'constructor']))
  t.strictSame(Object.keys(mapOf(parsePlan(JSON.stringify(writePlan(plan)))) ?? {}), ['__proto__'])
  t.end()
})

t.test('a plan that does not fit its table is refused', async (t) => {
  const names = ['id', 'age', 'sex', 'name', 'label']
  const base = { target: 'label', numeric: ['age'] }
  const cases: [string, object, 'no_target' | 'unknown_column' | 'invalid_plan', RegExp][] = [
    [
      'no such target',
      { ...base, target: 'lable' },
      'no_target',
      /no target column "lable" among "id", "age", "sex", "name", "label"; did you mean "label"\?/,
    ],
    ['an unknown id', { ...base, id: ['idx'] }, 'unknown_column', /"idx"; did you mean "id"\?/],
    ['an unknown numeric column', { ...base, numeric: ['agee'] }, 'unknown_column', /mean "age"/],
    ['an unknown ordinal column', { ...base, ordinal: ['x1'] }, 'unknown_column', /column "x1"$/],
    ['an unknown nominal column', { ...base, nominal: ['sxe'] }, 'unknown_column', /mean "sex"/],
    ['an unknown dropped column', { ...base, drop: ['zip'] }, 'unknown_column', /"zip"/],
    ['an unknown nullable column', { ...base, nullable: ['zip'] }, 'unknown_column', /"zip"/],
    [
      'a derived column of an unknown one',
      { ...base, derived: [{ column: 't', from: 'nam', pattern: 'x' }] },
      'unknown_column',
      /"nam"; did you mean "name"/,
    ],
    [
      'a derived column with the name of another',
      { ...base, derived: [{ column: 'sex', from: 'name', pattern: 'x' }] },
      'invalid_plan',
      /derived column "sex" has the name of another/,
    ],
    [
      'a derived column of the target',
      { ...base, derived: [{ column: 't', from: 'label', pattern: 'x' }], nominal: ['t'] },
      'invalid_plan',
      /made from the target "label"/,
    ],
    [
      'a column with two roles',
      { ...base, nominal: ['age'] },
      'invalid_plan',
      /"age" is both numeric and nominal/,
    ],
    [
      'a column named twice',
      { ...base, numeric: ['age', 'age'] },
      'invalid_plan',
      /both numeric and numeric/,
    ],
    [
      'the target as a feature',
      { ...base, nominal: ['label'] },
      'invalid_plan',
      /"label" is both target and nominal/,
    ],
    ['an id as a feature', { ...base, id: ['age'] }, 'invalid_plan', /both id and numeric/],
    ['nothing to learn from', { target: 'label', id: ['id'] }, 'invalid_plan', /no column is left/],
  ]
  for (const [name, json, code, message] of cases)
    await checkRefused(t, () => checkPlan(readPlan(json), names), code, message, name)
})

t.test('the plan inferred for an example data set', (t) => {
  // In the order of their names, not of the table.
  const numbers = (...columns: string[]) => columns.toSorted().map((column) => ({ column }))
  const nominal = (...columns: string[]) =>
    columns.toSorted().map((column) => ({ column, impute: 'own_level' as const, minFrequency: 1 }))
  const rest = { id: [], ordinal: [], derived: [], dropped: [], nullable: [] }
  const expected: Record<(typeof examples)[number]['file'], ColumnPlan> = {
    'titanic.csv': {
      ...rest,
      target: 'Survived',
      id: ['PassengerId'],
      numeric: numbers('Age', 'SibSp', 'Parch'),
      nominal: nominal('Pclass', 'Sex'),
      dropped: [{ column: 'Name', reason: 'text with 1309 different values in 1309' }],
    },
    'penguins.csv': {
      ...rest,
      target: 'species',
      numeric: numbers('bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'),
      nominal: nominal('island', 'sex', 'year'),
    },
    'credit-g.csv': {
      ...rest,
      target: 'class',
      positiveClass: 'bad',
      numeric: numbers('duration', 'credit_amount', 'age', 'num_dependents'),
      nominal: nominal(
        'checking_status',
        'credit_history',
        'purpose',
        'savings_status',
        'employment',
        'installment_commitment',
        'personal_status',
        'other_parties',
        'residence_since',
        'property_magnitude',
        'other_payment_plans',
        'housing',
        'existing_credits',
        'job',
        'own_telephone',
        'foreign_worker',
      ),
    },
  }
  for (const { file, target } of examples) {
    const table = readExample(file)
    const { plan, columns } = runSteps(inferPlan(table, target))
    t.strictSame(plan, expected[file], file)
    t.doesNotThrow(() => checkPlan(plan, table.names))
    t.strictSame(
      columns.map(({ column }) => column),
      table.names.filter((name) => name !== target),
      'every other column is told of, in the order of the table',
    )
  }
  const reasons = [...examples].flatMap(({ file, target }) =>
    runSteps(inferPlan(readExample(file), target)).columns.map((c) => `${c.column}: ${c.reason}`),
  )
  for (const reason of [
    'PassengerId: a different whole number in every row, named like an identifier',
    'Pclass: whole number with 3 values',
    'Name: text with 1309 different values in 1309',
    'Sex: text with 2 categories',
    'Age: number; median for 263 missing of 1309',
    'sex: text with 2 categories; own level for 11 missing of 344',
    'bill_depth_mm: number; median for 2 missing of 344',
    'credit_history: text with 5 categories',
    'num_dependents: number',
  ])
    t.ok(reasons.includes(reason), reason)
  t.end()
})

t.test('the rules of inference', (t) => {
  const cycle = (length: number, values: readonly unknown[]) =>
    Array.from({ length }, (_, i) => String(values[i % values.length]))
  const range = (length: number, write: (i: number) => unknown = (i) => i) =>
    Array.from({ length }, (_, i) => String(write(i)))
  const cases: [string, string[], string, string][] = [
    // name, cells, role, reason
    ['no values', cycle(40, ['', 'NA']), 'drop', 'no values'],
    ['one text', cycle(40, ['a']), 'drop', 'one value only'],
    ['one number', cycle(40, [7]), 'drop', 'one value only'],
    [
      'one text or missing',
      cycle(40, ['a', '']),
      'nominal',
      'text with 1 category; own level for 20 missing of 40',
    ],
    ['75 % missing', cycle(40, ['a', '', '', '']), 'drop', '75 % missing'],
    [
      '70 % missing',
      cycle(40, [1.5, 2, 3, '', '', '', '', '', '', '']),
      'numeric',
      'number; median for 28 missing of 40',
    ],
    [
      'different whole numbers',
      range(40),
      'id',
      'a different whole number in every row, ascending with the rows',
    ],
    [
      'falling whole numbers',
      range(40, (i) => 4000 - i * i),
      'id',
      'a different whole number in every row, descending with the rows',
    ],
    [
      'a numbering in disorder',
      range(40, (i) => 1000 + ((i * 17) % 53)),
      'id',
      'a different whole number in every row, a numbering from 1000 to 1052',
    ],
    [
      'eight digits each',
      range(40, (i) => 10_000_000 + ((i * 48_271) % 97) * 911_003),
      'id',
      'a different whole number in every row, all of 8 digits',
    ],
    ['whole amounts', range(40, (i) => 20_000 + ((i * 48_271) % 97) * 903), 'numeric', 'number'],
    [
      '20 different whole numbers',
      [...range(20), ...cycle(20, [''])],
      'numeric',
      'number; median for 20 missing of 40',
    ],
    ['different fractions', range(40, (i) => i + 0.5), 'numeric', 'number'],
    ['different whole numbers but two', [...range(39), '0'], 'numeric', 'number'],
    ['whole numbers 1 to 3', cycle(40, [1, 2, 3]), 'nominal', 'whole number with 3 values'],
    ['whole numbers 1 to 4', cycle(40, [1, 2, 3, 4]), 'nominal', 'whole number with 4 values'],
    ['whole numbers 1 to 5', cycle(40, [1, 2, 3, 4, 5]), 'numeric', 'number'],
    ['0 and 1', cycle(40, [0, 1]), 'numeric', 'number'],
    ['three fractions', cycle(40, [0.5, 1, 2]), 'numeric', 'number'],
    [
      'codes with zeros in front',
      cycle(40, ['01', '02', '03']),
      'nominal',
      'text with 3 categories',
    ],
    ['different texts', range(40, (i) => `n${i}`), 'drop', 'text with 40 different values in 40'],
    [
      'texts, half of them different',
      cycle(
        40,
        range(20, (i) => `n${i}`),
      ),
      'nominal',
      'text with 20 categories',
    ],
    [
      'texts, more than half of them different',
      cycle(
        40,
        range(21, (i) => `n${i}`),
      ),
      'drop',
      'text with 21 different values in 40',
    ],
    [
      '50 texts',
      cycle(
        200,
        range(50, (i) => `n${i}`),
      ),
      'nominal',
      'text with 50 categories',
    ],
    [
      '51 texts',
      cycle(
        200,
        range(51, (i) => `n${i}`),
      ),
      'drop',
      'text with 51 different values',
    ],
    [
      '51 texts of many rows',
      cycle(
        51 * 20,
        range(51, (i) => `n${i}`),
      ),
      'nominal',
      'text with 51 categories, of 20 rows on average',
    ],
    [
      '257 texts of many rows',
      cycle(
        257 * 20,
        range(257, (i) => `n${i}`),
      ),
      'drop',
      'text with 257 different values',
    ],
    [
      'sizes',
      cycle(40, ['large', 'small', 'medium', '']),
      'ordinal',
      'text with 3 categories: small < medium < large; own level for 10 missing of 40',
    ],
    ['two sizes', cycle(40, ['large', 'small']), 'nominal', 'text with 2 categories'],
    [
      'a size and a name',
      cycle(40, ['large', 'small', 'Ann']),
      'nominal',
      'text with 3 categories',
    ],
    ['mixed dates', cycle(40, ['2024-01-02', '03/04/2024']), 'nominal', 'text with 2 categories'],
  ]
  for (const [name, cells, role, reason] of cases) {
    const table = readCsvTable(
      `x,keep,y\n${cells.map((cell, i) => `${cell},${i / 3},${i % 2}\n`).join('')}`,
    )
    const [found] = runSteps(inferPlan(table, 'y')).columns
    t.strictSame([found?.role, found?.reason], [role, reason], name)
  }
  t.end()
})

t.test('what a user says of a column wins, unless there is nothing in it', async (t) => {
  const table = readExample('titanic.csv')
  const infer = (overrides: RoleOverrides) => runSteps(inferPlan(table, 'Survived', overrides))
  const { plan, columns } = infer(
    new Map([
      ['Pclass', 'ordinal'],
      ['SibSp', 'nominal'],
      ['Age', 'drop'],
      ['Name', 'nominal'],
      ['Sex', 'nominal'],
    ]),
  )
  t.strictSame(plan.ordinal, [{ column: 'Pclass', impute: 'most_frequent' }])
  t.strictSame(plan.nominal, [
    // A column of many categories gets a level for the rare ones.
    { column: 'Name', impute: 'own_level', minFrequency: 10 },
    { column: 'Sex', impute: 'own_level', minFrequency: 1 },
    { column: 'SibSp', impute: 'own_level', minFrequency: 1 },
  ])
  t.strictSame(plan.dropped, [{ column: 'Age', reason: 'as asked' }])
  const told = new Map(columns.map(({ column, reason, override }) => [column, [reason, override]]))
  t.strictSame(told.get('Pclass'), ['as asked: 1 < 2 < 3', '--numeric Pclass'])
  t.strictSame(told.get('Sex'), ['text with 2 categories', '--ordinal Sex'])
  t.strictSame(told.get('PassengerId')?.[1], '--numeric PassengerId')

  const empty = readCsvTable('a,b,y\n,1,0\n,2,1\n')
  t.strictSame(runSteps(inferPlan(empty, 'y', new Map([['a', 'nominal']]))).plan.dropped, [
    { column: 'a', reason: 'no values' },
  ])
  await checkRefused(
    t,
    () => infer(new Map([['Sex', 'numeric']])),
    'invalid_number',
    /"Sex" cannot be numeric: it holds "male"/,
    'text as a number',
  )
  await checkRefused(
    t,
    () => infer(new Map([['pclas', 'ordinal']])),
    'unknown_column',
    /"pclas"; did you mean "Pclass"\?/,
    'an unknown column',
  )
  await checkRefused(
    t,
    () => infer(new Map([['Survived', 'nominal']])),
    'invalid_plan',
    /"Survived" is the target/,
    'the target',
  )
  await checkRefused(
    t,
    () => runSteps(inferPlan(table, 'survived')),
    'no_target',
    /"survived" among "PassengerId", .*; did you mean "Survived"\?/,
    'no such target',
  )
  await checkRefused(
    t,
    () => runSteps(inferPlan(readCsvTable('a,b,y\n1,x,0\n1,x,1\n'), 'y')),
    'invalid_plan',
    /no column is left to learn from \("a": one value only; "b": one value only\)/,
    'nothing to learn from',
  )
})
