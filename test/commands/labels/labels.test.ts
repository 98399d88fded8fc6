/** `--labels`: readable names that people are shown, while data keep their own. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import t, { type Test } from 'tap'
import { namesOfModel, namesOfTable } from '../../../src/commands/labels/known-names.ts'
import { parseLabels as parse } from '../../../src/commands/labels/read-labels.ts'
import { declarePlot } from '../../../src/commands/plot.ts'
import { runRows } from '../../../src/commands/rows/run-rows.ts'
import { declareTrain } from '../../../src/commands/train.ts'
import { numberColumn, textColumn } from '../../../src/data/frame.ts'
import type { Labels } from '../../../src/data/readable.ts'
import { InputError } from '../../../src/errors.ts'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import { labelOptions } from '../../../src/plots/labelled.ts'
import type { PlotOptions } from '../../../src/plots/plot.ts'
import { buildTestApp, loadCheckpoint, post } from '../../helper.ts'

const table = {
  names: ['code', 'size', 'y'],
  columns: [
    numberColumn(Float64Array.of(1, 2, Number.NaN)),
    textColumn(['s', 'l', null]),
    textColumn(['no', 'yes', 'no']),
  ],
  length: 3,
}

const parseLabels = (text: string, own: typeof table) => parse(text, namesOfTable(own))

t.test('values are those that a model has, whatever they are written like', (t) => {
  const written = {
    names: ['a'],
    columns: [textColumn(['1.0', '2.0', '-'])],
    length: 3,
  }
  const rule = [{ column: 'a', missing: ['-'] }]
  const read = (text: string) => parse(text, namesOfTable(written, [], rule)).values
  t.strictSame(read('values: {a: {1: first, 2.0: second}}'), { a: { '1': 'first', '2': 'second' } })
  t.throws(() => read('values: {a: {"-": none}}'), { message: /column "a" has no value "-"/ })
  t.throws(() => read('values: {a: {3: third}}'), { message: /column "a" has no value "3"/ })
  t.end()
})

t.test('an output is a class, whatever columns are called', async (t) => {
  const labels: Labels = { columns: { all: 'Everything' }, values: { y: { yes: 'survived' } } }
  const options = { output: { kind: 'text' } } as unknown as PlotOptions
  const asked = (text: string) =>
    labelOptions(new Map([['output', text]]), options, { labels, target: 'y' }).get('output')
  t.equal(asked('yes'), 'survived')
  t.equal(asked('survived'), 'survived')
  t.equal(asked('all'), 'all')
})

t.test('what a file says', (t) => {
  t.strictSame(
    parseLabels('columns: {code: Class}\nvalues: {code: {1.0: one}, y: {"no": never}}', table),
    { columns: { code: 'Class' }, values: { code: { '1': 'one' }, y: { no: 'never' } } },
  )
  t.strictSame(parseLabels('', table), { columns: {}, values: {} })
  t.strictSame(
    parseLabels('columns: {code: size, size: code}', table).columns,
    { code: 'size', size: 'code' },
    'names may be swapped',
  )
  const refused: readonly [string, RegExp][] = [
    ['columns: {cod: x}', /^line 1: the table has no column "cod"; did you mean "code"/],
    ['values:\n  sise: {s: x}', /^line 2: the table has no column "sise"; did you mean "size"/],
    ['values:\n  size:\n    m: x', /^line 3: column "size" has no value "m"/],
    ['values: {code: {3: x}}', /column "code" has no value "3"/],
    ['values: {code: {NaN: x}}', /column "code" has no value "NaN"/],
    ['colums: {}', /^line 1: "colums" is neither columns nor values/],
    ['columns: [code]', /^line 1: this must be names with labels/],
    ['columns: {code: }', /^line 1: the label of "code" must be a text/],
    ['columns:\n  code: a\n  size: a', /^line 3: "a" is the label in line 2, too/],
    ['values:\n  code:\n    1: a\n    "1.0": b', /^line 4: "1.0" has a label already/],
    ['columns: {code: size}', /the label "size" of column "code" is the name of another column/],
    [`columns: {code: ${'x'.repeat(201)}}`, /more than 200 characters/],
    ['values: {size: {s: l}}', /the label "l" of "s" in column "size" is another value of it/],
  ]
  for (const [text, message] of refused) {
    t.throws(() => parseLabels(text, table), { message }, text.slice(0, 60))
    t.throws(() => parseLabels(text, table), InputError)
  }
  t.end()
})

t.test('of a model', async (t) => {
  const { artifact } = await loadCheckpoint()
  const known = namesOfModel(artifact)
  const read = (text: string, under?: Labels) => parse(text, known, under)
  t.strictSame(
    read('columns: {Pclass: Class, Title: Form}\nvalues: {Sex: {male: man}, SibSp: {1.0: one}}'),
    {
      columns: { Pclass: 'Class', Title: 'Form' },
      values: { Sex: { male: 'man' }, SibSp: { '1': 'one' } },
    },
    'columns of numbers have any, categories those that are known',
  )
  t.strictSame(
    read('values: {Survived: {1.0: lived}}', {
      columns: { Sex: 'Gender' },
      values: { Survived: { '0': 'died', '1': 'saved' } },
    }),
    { columns: { Sex: 'Gender' }, values: { Survived: { '0': 'died', '1': 'lived' } } },
    'over what is stored',
  )
  for (const [text, message] of [
    ['columns: {Pclas: x}', /^line 1: the model has no column "Pclas"; did you mean "Pclass"/],
    [
      'values: {Sex: {males: x}}',
      /^line 1: column "Sex" has no value "males"; did you mean "male"/,
    ],
    ['values: {Pclass: {4: x}}', /^line 1: column "Pclass" has no value "4"/],
    ['values: {Survived: {2: x}}', /^line 1: column "Survived" has no value "2"/],
  ] as const)
    t.throws(() => read(text), { message }, text)
  t.throws(() => read('columns: {Age: Gender}', { columns: { Sex: 'Gender' }, values: {} }), {
    message: '"Gender" is the label of columns "Sex" and "Age": nobody could tell them apart',
  })
  t.throws(
    () => read('values: {Sex: {male: x}}', { columns: {}, values: { Sex: { female: 'x' } } }),
    { message: /^"x" is the label of "female" and "male" in column "Sex"/ },
  )
})

t.test('a part of a date is called by its date', (t) => {
  const derived = [
    { kind: 'date', column: 'code.day_of_week', from: 'code', part: 'day_of_week' },
    { column: 'codex', from: 'code', pattern: '.', group: 0, map: {} },
  ] as const
  t.strictSame(parse('columns: {code: Day}', namesOfTable(table, derived)).columns, {
    'code.day_of_week': 'Day: day of week',
    code: 'Day',
  })
  t.end()
})

/** Trains a small model with and without labels. */
async function trainBoth(t: Test): Promise<{ plain: string; labelled: string; file: string }> {
  const directory = t.testdir()
  const file = join(directory, 'table.csv')
  const rows = Array.from({ length: 80 }, (_, i) => {
    const [code, size] = [1 + (i % 3), ['s', 'l'][(i >> 1) % 2]]
    return `${code},${size},${code > 1 !== (i % 11 === 0) ? 'yes' : 'no'}`
  })
  writeFileSync(file, `code,size,y\n${rows.join('\n')}\n`)
  const labels = join(directory, 'labels.yaml')
  writeFileSync(
    labels,
    'columns: {code: Ticket class, y: Came}\nvalues: {code: {1: first, 2: second, 3: third}, y: {"yes": came, "no": stayed}}',
  )
  const train = async (name: string, ...more: string[]) => {
    const program = new Command().exitOverride()
    declareTrain(program)
    const model = join(directory, name)
    await program.parseAsync(
      ['train', file, '--target', 'y', '--estimator', 'decision_tree', '--quiet'].concat(
        ['--nominal', 'code', '--model-dir', model],
        more,
      ),
      { from: 'user' },
    )
    return model
  }
  return {
    file,
    plain: await train('plain'),
    labelled: await train('labelled', '--labels', labels),
  }
}

t.test('people read them, data keep their names', async (t) => {
  const { plain, labelled, file } = await trainBoth(t)
  const model = await readModelDirectory(labelled)
  t.strictSame(model.artifact.labels?.columns, { code: 'Ticket class', y: 'Came' })
  const body = 'code,size\n1,s\n2,l\n'
  const answers = await Promise.all(
    [plain, labelled].map(async (directory) => {
      const app = await buildTestApp(t, { model: await readModelDirectory(directory) })
      const ask = (url: string) => post(app, url, 'text/csv', body)
      const explained = (await ask('/explain')).json()
      const card = (await app.inject({ url: '/model' })).json()
      return { predicted: (await ask('/invocations')).body, explained, card }
    }),
  )
  const [own, other] = answers as [(typeof answers)[0], (typeof answers)[0]]
  t.equal(other.predicted, own.predicted, 'predictions are the same bytes')
  t.strictSame({ ...other.explained, model_id: '' }, { ...own.explained, model_id: '' })
  t.equal(own.card.labels, undefined)
  t.strictSame(other.card.labels, model.artifact.labels)
  t.strictSame(other.card.columns, own.card.columns)

  const out = join(t.testdirName, 'out')
  const draw = async (...args: string[]) => {
    const program = new Command().exitOverride()
    declarePlot(program)
    const ask = ['plot', ...args, '--format', 'svg', '--model-dir', labelled, '--out', out]
    await program.parseAsync(ask, { from: 'user' })
    return readFileSync(out, 'utf8')
  }
  for (const [words, args] of [
    [['Ticket class', 'Came = came'], ['bar']],
    [['stayed', 'came', 'Confusion matrix of Came'], ['confusion']],
    [['ROC curve of Came'], ['roc']],
    [['Came = stayed'], ['beeswarm', '--output', 'no']],
    [
      ['Ticket class', 'first', 'third'],
      ['dependence', '--column', 'code'],
    ],
    [
      ['Ticket class', 'second'],
      ['dependence', '--column', 'Ticket class'],
    ],
    [['Ticket class = first'], ['waterfall', file, '--row', '1', '--output', 'yes']],
  ] as const) {
    const drawn = await draw(...args)
    for (const word of words) t.ok(drawn.includes(word), `${args.join(' ')}: ${word}`)
    t.notOk(/>code\b/.test(drawn), 'the name of the data is not shown')
  }
  await runRows({
    ...{ operation: 'explain', file, modelDir: labelled, options: [], jobs: 1 },
    ...{ format: 'text', out },
  })
  const text = readFileSync(out, 'utf8')
  t.match(text, /^row 1 {3}predicted (came|stayed) {3}probability of Came = came: /)
  t.match(text, /^Ticket class = first +[+−]/m)
})
