import t from 'tap'
import {
  describeRange,
  featureCount,
  type ParamSpec,
  type ParamsSchema,
  parseParams,
} from '../../src/estimators/params.ts'
import { checkRefused } from '../tables.ts'

const schema = {
  trees: { type: 'integer', minimum: 1, maximum: 1000, default: 24, description: 'trees' },
  rate: { type: 'number', minimum: 0, maximum: 10, default: 0.5, description: 'rate' },
  limit: {
    type: 'integer',
    minimum: 2,
    maximum: 50,
    default: null,
    optional: true,
    description: 'limit',
  },
  shuffle: { type: 'boolean', default: true, description: 'shuffle' },
  voting: { type: 'choice', choices: ['hard', 'soft'], default: 'hard', description: 'voting' },
  features: { type: 'features', default: 0.8, description: 'features' },
} as const satisfies ParamsSchema

type Name = keyof typeof schema

const parse = (given: Record<string, unknown>) =>
  parseParams(schema, new Map(Object.entries(given)))

t.test('defaults are filled in', (t) => {
  t.strictSame(parse({}), {
    trees: 24,
    rate: 0.5,
    limit: null,
    shuffle: true,
    voting: 'hard',
    features: 0.8,
  })
  t.strictSame(parse({ trees: 3 }), { ...parse({}), trees: 3 })
  t.end()
})

t.test('values are read from texts and from JSON', (t) => {
  const cases: [Name, unknown, unknown][] = [
    ['trees', 24, 24],
    ['trees', '24', 24],
    ['trees', ' 24\n', 24],
    ['trees', '+24', 24],
    ['trees', '1e2', 100],
    ['trees', '24.0', 24],
    ['trees', 1, 1],
    ['trees', 1000, 1000],
    ['rate', 0, 0],
    ['rate', '0.1', 0.1],
    ['rate', '1e-3 ', 0.001],
    ['rate', '1E-3', 0.001],
    ['rate', '.5', 0.5],
    ['rate', '5.', 5],
    ['rate', '10', 10],
    ['limit', null, null],
    ['limit', 'none', null],
    ['limit', 'None', null],
    ['limit', 'null', null],
    ['limit', '7', 7],
    ['shuffle', true, true],
    ['shuffle', false, false],
    ['shuffle', 'true', true],
    ['shuffle', 'False', false],
    ['shuffle', ' TRUE ', true],
    ['voting', 'soft', 'soft'],
    ['voting', ' soft ', 'soft'],
    ['features', 3, 3],
    ['features', '3', 3],
    ['features', 0.5, 0.5],
    ['features', '0.5', 0.5],
    ['features', 'sqrt', 'sqrt'],
    ['features', 'log2', 'log2'],
    ['features', 'all', 'all'],
    ['features', null, 'all'],
    ['features', 'None', 'all'],
    ['features', '1.0', 'all'],
    ['features', '1.00', 'all'],
    ['features', '1.', 'all'],
    ['features', 'none', 'all'],
    ['features', '1', 1],
    ['features', 1, 1],
  ]
  for (const [name, given, expected] of cases)
    t.strictSame(parse({ [name]: given })[name], expected, `${name} = ${JSON.stringify(given)}`)
  t.end()
})

t.test('anything else is refused with the range allowed', async (t) => {
  const cases: [Name, unknown[]][] = [
    [
      'trees',
      ['abc', '', -1, 0, '-1', '0', 1001, 1e9, '1e9', 2.5, '2.5', 'NaN', Number.NaN, 'Infinity'],
    ],
    ['trees', [null, 'none', true, 'true', [24], ['24'], { value: 24 }, '0x10', '1_000', '1e400']],
    ['rate', [-0.1, '-0.1', 10.1, '1e999', Number.POSITIVE_INFINITY, 'NaN', '0,5', '1/2', null]],
    ['limit', [1, 51, 'nil', 'no', '', ['none'], [null], 2.5]],
    ['shuffle', ['yes', '1', 1, 0, '', null, 'truthy', [true], ['true']]],
    ['voting', ['Soft', 'mean', '', null, 1, ['soft']]],
    ['features', [0, -1, 1.5, '0', '-0.5', '1.5', 'half', '', true, [3], 'auto', '80%', 'NaN']],
  ]
  for (const [name, refused] of cases) {
    for (const given of refused) {
      const range = describeRange(schema[name] as ParamSpec)
      const hint = given === 'Soft' ? '; did you mean "soft"\\?' : ''
      await checkRefused(
        t,
        () => parse({ [name]: given }),
        'invalid_parameter',
        new RegExp(`^parameter ${name} is .*, expected ${range}${hint}$`),
        `${name} = ${JSON.stringify(given)}`,
      )
    }
  }
})

t.test('everything wrong is said at once', async (t) => {
  await checkRefused(
    t,
    () => parse({ trees: 'abc', bogus: 1, rate: 11, voting: 'hard', limit: 1 }),
    'invalid_parameter',
    /^unknown parameter "bogus"; parameter trees is "abc", expected a whole number from 1 to 1000; parameter rate is 11, expected a number from 0 to 10; parameter limit is 1, expected a whole number from 2 to 50 or none$/,
    'three values and a name',
  )
})

t.test('a mistyped name is answered with the nearest one', async (t) => {
  for (const [typed, message] of [
    ['tree', /^unknown parameter "tree"; did you mean "trees"\?$/],
    ['Voting', /did you mean "voting"\?/],
    ['featrues', /did you mean "features"\?/],
    ['something_else', /^unknown parameter "something_else"$/],
    ['__proto__', /^unknown parameter "__proto__"$/],
    ['toString', /^unknown parameter "toString"$/],
    ['bad\nname', /^unknown parameter "bad\\nname"$/],
  ] as const) {
    await checkRefused(
      t,
      () => parseParams(schema, new Map([[typed, '1']])),
      'invalid_parameter',
      message,
      JSON.stringify(typed),
    )
  }
})

t.test('a count of features becomes a number of columns', (t) => {
  for (const [value, features, expected] of [
    ['all', 7, 7],
    ['sqrt', 16, 4],
    ['sqrt', 17, 4],
    ['sqrt', 1, 1],
    ['log2', 16, 4],
    ['log2', 1, 1],
    [3, 7, 3],
    [9, 7, 7],
    [0.5, 7, 3],
    [0.8, 8, 6],
    [0.01, 7, 1],
  ] as const)
    t.equal(featureCount(value, features), expected, `${value} of ${features}`)
  t.end()
})
