/** `--config`: flags from a file, which give way to those of the command line. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import fc from 'fast-check'
import t from 'tap'
import { addTrainingFlags } from '../../src/commands/training/training-flags.ts'
import { InputError } from '../../src/errors.ts'

const base = t.testdir()
const file = join(base, 'flags.yaml')

/** Returns the files and flags that a command is run with. */
async function parse(config: string | Uint8Array, args: readonly string[] = []) {
  writeFileSync(file, config)
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  let read: { files: string[]; flags: Record<string, unknown> } | undefined
  addTrainingFlags(program.command('train')).action((files, flags) => {
    read = { files, flags }
  })
  await program.parseAsync(['train', ...args, '--config', file], { from: 'user' })
  return read as NonNullable<typeof read>
}

const accepted: readonly [name: string, config: string, args: string[], expected: object][] = [
  ['a text', 'target: y', [], { target: 'y' }],
  ['JSON', '{"target": "y",\n\t"test-size": 0.3}', [], { target: 'y', testSize: '0.3' }],
  ['numbers as they are typed', 'positive: 1.50', [], { positive: '1.50' }],
  ['quotes keep what they hold', "target: 'a: b'", [], { target: 'a: b' }],
  ['underscores', 'test_size: 0.3', [], { testSize: '0.3' }],
  ['dashes in front', '--seed: 7', [], { seed: '7' }],
  ['the command line wins', 'seed: 7', ['--seed', '8'], { seed: '8' }],
  ['also with what is usual', 'seed: 7', ['--seed', '0'], { seed: '0' }],
  ['a switch', 'quiet: true\nforce: no', [], { quiet: true, force: false }],
  ['no header', 'no-header: true', [], { header: false }],
  ['no header, said of the header', 'header: false', [], { header: false }],
  ['a header', 'header: true', [], { header: true }],
  ['one of a list', 'drop: a', [], { drop: ['a'] }],
  ['a list', 'drop: [a, b]', [], { drop: ['a', 'b'] }],
  ['lists are added to', 'drop: [a, b]', ['--drop', 'c'], { drop: ['a', 'b', 'c'] }],
  [
    'parameters by name',
    'set: {n_estimators: 50, max_depth: 3}',
    ['--set', 'max_depth=4'],
    { set: ['n_estimators=50', 'max_depth=4'] },
  ],
  [
    'a role that the command line gives another',
    'numeric: [zip, age]\nordinal: {zip: [a, b]}',
    ['--nominal', 'zip'],
    { numeric: ['age'], ordinal: [], nominal: ['zip'] },
  ],
  [
    'two roles in the file stay, to be refused',
    'numeric: [zip]\nnominal: [zip]',
    [],
    { numeric: ['zip'], nominal: ['zip'] },
  ],
  [
    'an order',
    'ordinal:\n  size: [small, large]\n  grade:',
    [],
    { ordinal: ['size=small,large', 'grade'] },
  ],
  ['names in a list', 'ordinal: [grade, size: [s, l]]', [], { ordinal: ['grade', 'size=s,l'] }],
  ['formats', 'number-format: {price: "1.234,5"}', [], { numberFormat: ['price=1.234,5'] }],
  ['a list in one flag', 'missing-values: ["-", n.d.]', [], { missingValues: '-,n.d.' }],
  [
    'files that are read instead',
    'validation: [a.csv]',
    ['--validation', 'b.csv'],
    { validation: ['b.csv'] },
  ],
  ['nothing', '# nothing\n', [], { seed: '0' }],
  ['an environment variable wins', 'model-dir: there', [], { modelDir: 'from-env' }],
]

t.test('what a file says', async (t) => {
  process.env.SM_MODEL_DIR = 'from-env'
  t.teardown(() => delete process.env.SM_MODEL_DIR)
  for (const [name, config, args, expected] of accepted) {
    const { flags } = await parse(config, args)
    for (const [key, value] of Object.entries(expected)) t.strictSame(flags[key], value, name)
  }
  t.strictSame((await parse('files: [a.csv, b.csv]')).files, ['a.csv', 'b.csv'])
  t.strictSame((await parse('files: a.csv', ['c.csv'])).files, ['c.csv'])
})

const refused: readonly [name: string, config: string, message: RegExp][] = [
  [
    'no such flag',
    'target: y\nestimater: x',
    /line 2: there is no flag "estimater"; did you mean "est/,
  ],
  ['a config in a config', 'config: x', /line 1: there is no flag "config"/],
  ['a key of objects', '__proto__: x', /line 1: there is no flag "__proto__"/],
  ['twice', 'target: y\ntarget: z', /line 2: this is not YAML \(Map keys must be unique\)/],
  [
    'twice, spelled otherwise',
    'test-size: 1\ntest_size: 1',
    /line 2: "test_size" is said in line 1/,
  ],
  ['a header and none', 'header: true\nno-header: true', /line 2: "no-header" is said in line 1/],
  ['no value', 'target:', /line 1: "target" has no value/],
  ['no value in a list', 'drop:\n  - a\n  -', /line 3: "drop" has no value/],
  ['a list for one', 'target: [a]', /line 1: "target" takes one value, not a list/],
  ['names for one', 'target: {a: b}', /line 1: "target" takes one value, not names with values/],
  ['a list of lists of names', 'set: {a: {b: c}}', /line 1: "a" takes a text or a list of texts/],
  ['an empty order', 'ordinal:\n  a: []', /line 2: "a" has no value/],
  ['a switch that is neither', 'quiet: maybe', /line 1: quiet is "maybe", expected true or false/],
  ['a list', '- target', /: it must hold names of flags with their values$/],
  ['a text', 'target', /: it must hold names of flags with their values$/],
  ['no YAML', 'target: "y', /line 1: this is not YAML/],
  ['aliases', 'target: &a y\nid: *a', /anchors and aliases are not read/],
  ['a merge', 'target: y\n<<: {seed: 1}', /line 2: there is no flag "<<"/],
  ['a tag', 'target: !!binary eA==', /line 1: tags are not read/],
  ['two documents', 'target: y\n---\ntarget: z', /this is not YAML/],
  ['deep', `drop: ${'['.repeat(40)}${']'.repeat(40)}`, /nested deeper than 16 levels/],
  ['too deep', `drop: ${'['.repeat(100_000)}`, /line 1: /],
  ['large', `#${'x'.repeat(2 ** 20)}`, /has at most 1048576 bytes/],
]

t.test('refused with the file and the line', async (t) => {
  for (const [name, config, message] of refused) {
    const error = await parse(config).catch((thrown: unknown) => thrown)
    if (!(error instanceof InputError)) return t.fail(name, { error })
    t.match(error.message, message, name)
    t.ok(error.message.startsWith(`${file}: `), 'the file is named')
  }
  await t.rejects(parse(Buffer.from('target: Größe', 'latin1')), { message: /: it is not UTF-8$/ })
})

t.test('any text as a value is that text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), async (one, many) => {
      const { flags } = await parse(JSON.stringify({ target: one, drop: many }))
      return flags.target === one && JSON.stringify(flags.drop) === JSON.stringify(many)
    }),
    { numRuns: 20 },
  )
})
