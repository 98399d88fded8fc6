/** Options of explanations: one table for requests, for the description of the routes and for flags. */
import t from 'tap'
import {
  describeExplainOptions,
  explainFlags,
  optionNames,
  optionsOfFlags,
  parseExplainOptions,
} from '../../src/answering/explain-options.ts'
import { InputError } from '../../src/errors.ts'

const read: readonly [name: string, value: unknown, member: string, meaning: unknown][] = [
  ['output', 'predicted', 'output', 'predicted'],
  ['output', 1, 'output', '1'],
  ['space', 'log_odds', 'space', 'log_odds'],
  ['method', 'any', 'method', 'any'],
  ['level', 'features', 'level', 'features'],
  ['top', '3', 'top', 3],
  ['top', 3, 'top', 3],
  ['interactions', '', 'interactions', true],
  ['interactions', false, 'interactions', false],
  ['interactions', '0', 'interactions', false],
  ['counterfactual', '1', 'counterfactual', '1'],
  ['max_changes', '2', 'maxChanges', 2],
  ['freeze', 'Age', 'freeze', ['Age']],
  ['freeze', ['Age', 'Sex'], 'freeze', ['Age', 'Sex']],
  ['format', 'clarify', 'format', 'clarify'],
  ['warnings', 'false', 'warnings', false],
]

t.test('every option is read, under its name in requests', (t) => {
  for (const [name, value, member, meaning] of read)
    t.strictSame(parseExplainOptions([[name, value]]), { [member]: meaning }, name)
  const names = [...new Set(read.map(([name]) => name))]
  t.strictSame(names, optionNames)
  t.strictSame(Object.keys(describeExplainOptions(['0', '1'])), optionNames)
  t.strictSame(parseExplainOptions([]), {})
  t.strictSame(
    parseExplainOptions([
      ['top', '1'],
      ['top', '2'],
    ]),
    { top: 2 },
    'the last one counts',
  )
  t.end()
})

t.test('what no option is, and what no value is, is refused by name', (t) => {
  for (const [name, value, message] of [
    ['tops', '1', /^there is no option "tops"; did you mean "top"\?; there are "output", /],
    ['maxChanges', '1', /^there is no option "maxChanges"; did you mean "max_changes"\?/],
    ['isPart', 'true', /^there is no option "isPart"/],
    ['__proto__', '1', /^there is no option "__proto__"/],
    ['top', '0', /^top is "0", expected a whole number from 1$/],
    ['top', '1e3', /^top is "1e3"/],
    ['level', 'column', /^level is "column", expected "columns", "features"; did you mean/],
    ['output', ['0', '1'], /^output is \["0","1"\], expected one text or number$/],
    ['freeze', [{}], /^freeze is \{\}, expected one text or number$/],
    ['space', 'logit', /^space is "logit"; did you mean "log_odds"\?$/],
    ['space', 'Proba', /^space is "Proba"; did you mean "probability"\?$/],
    ['space', ['logit'], /^space is \["logit"\], expected one text or number$/],
    ['interactions', 'yes', /^interactions is "yes", expected "true", "false"$/],
  ] as const) {
    try {
      t.fail(`${name} is ${JSON.stringify(parseExplainOptions([[name, value]]))}`)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      t.equal(error.code, 'invalid_option', name)
      t.match(error.message, message, name)
    }
  }
  t.end()
})

t.test('a model of its classes is described', (t) => {
  const { output, counterfactual, max_changes, top } = describeExplainOptions(['all', 'b'])
  t.strictSame(output?.enum, ['all', 'b', 'predicted'], 'a class that is named like a choice')
  t.strictSame(counterfactual?.enum, ['all', 'b'])
  t.match(max_changes, { type: 'integer', minimum: 1, maximum: 5, description: /default 3$/ })
  t.equal(top?.maximum, undefined)
  t.end()
})

t.test('flags stand for options', (t) => {
  const forms = explainFlags.map(({ form }) => form)
  t.equal(new Set(forms).size, optionNames.length, 'one each')
  t.ok(forms.every((form) => /^--[a-z]+(-[a-z]+)*( <[a-z]+>)?$/.test(form)))
  t.strictSame(
    optionsOfFlags({ maxChanges: '2', top: '3', contributions: true, jobs: '4', format: 'csv' }),
    [
      ['top', '3'],
      ['max_changes', '2'],
      ['format', 'contributions'],
    ],
    'in the order of the table, and the format of a file is none',
  )
  t.strictSame(optionsOfFlags({ interactions: true }), [['interactions', true]])
  t.strictSame(optionsOfFlags({}), [])
  t.end()
})
