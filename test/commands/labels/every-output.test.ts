/** Everything that a person is shown of a model with readable names has them: a place that forgets them fails here. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import t, { type Test } from 'tap'
import { declareExplain } from '../../../src/commands/explain.ts'
import { declareImport } from '../../../src/commands/import.ts'
import { describeDirectory } from '../../../src/commands/inspect/describe-directory.ts'
import { declareMonitor } from '../../../src/commands/monitor.ts'
import { declarePlot } from '../../../src/commands/plot.ts'
import { declarePredict } from '../../../src/commands/predict.ts'
import { declareReport } from '../../../src/commands/report.ts'
import { describeSummary } from '../../../src/commands/rows/summary-table.ts'
import { describePipeline } from '../../../src/http/page-model.ts'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import { plots } from '../../../src/plots/index.ts'
import { root } from '../../command.ts'
import { findRawNames, labels as readable, writeLabelledFiles } from '../../labelled.ts'

const directory = t.testdir()
const { table, labels, train } = writeLabelledFiles(directory)
const out = join(directory, 'out')

/** Runs a command in this process. */
async function run(declare: (program: Command) => void, ...args: string[]): Promise<void> {
  const program = new Command().exitOverride()
  declare(program)
  await program.parseAsync(args, { from: 'user' })
}

/** Returns what commands write to standard output meanwhile. */
async function heard(act: () => Promise<unknown>): Promise<string> {
  const captured = t.capture(process.stdout, 'write')
  try {
    await act()
    return captured()
      .map(({ args: [piece] }) => Buffer.from(piece as Uint8Array).toString())
      .join('')
  } finally {
    captured.restore()
  }
}

let said = ''
let model = ''
t.before(async () => {
  said = await heard(async () => {
    model = await train('labelled', '--labels', labels, '--cv', '3')
  })
})

/** Checks that a text has readable names only, and some of them. */
function check(t: Test, what: string, text: string, ...words: readonly string[]): void {
  t.strictSame(findRawNames(text), [], what)
  for (const word of words) t.ok(text.includes(word), `${what}: ${word}`)
}

t.test('what is searched for is found', (t) => {
  t.strictSame(findRawNames('<b>qx_size</b> Deck (qx_deck) qv_yes, x.qx_y'), [
    'qx_size',
    'qv_yes',
    'x.qx_y',
  ])
  t.end()
})

t.test('the tables of train, the card, the report, inspect', async (t) => {
  check(t, 'train', said, 'Ticket class', 'was stayed', 'probability of Came = came')
  const card = readFileSync(join(model, 'MODEL_CARD.md'), 'utf8')
  check(t, 'card', card, 'Ticket class (qx\\_code)', 'first (qv\\_1)', '| came |', 'Remark')
  const report = readFileSync(join(model, 'report.html'), 'utf8')
  check(t, 'report', report, 'What predicts Came', 'Ticket class (qx_code)', 'Deck', '>came<')
  const loaded = await readModelDirectory(model)
  const inspected = describeDirectory(loaded, false).join('\n')
  check(t, 'inspect', inspected, 'Came', 'positive came', 'small (qv_s)')
  check(t, 'pipeline of the page', JSON.stringify(describePipeline(loaded)), 'Deck = upper')
})

/** What plots need besides their name. */
const asked: Readonly<Record<string, readonly (readonly string[])[]>> = {
  waterfall: [
    [table, '--row', '2'],
    [table, '--row', '2', '--level', 'features'],
  ],
  force: [[table, '--row', '2']],
  decision: [[], [table]],
  beeswarm: [[], ['--level', 'features'], ['--output', 'came']],
  dependence: [
    ['--column', 'qx_code'],
    ['--column', 'Size of shoe'],
    ['--column', 'qx_when'],
  ],
  tree: [[], ['--tree', '3', '--max-depth', '8']],
}

t.test('every plot', async (t) => {
  for (const name of Object.keys(plots))
    for (const more of asked[name] ?? [[]]) {
      const flags = ['--model-dir', model, '--format', 'svg', '--out', out]
      await run(declarePlot, 'plot', name, ...more, ...flags)
      check(t, [name, ...more].join(' '), readFileSync(out, 'utf8'), '<svg')
    }
  const tree = readFileSync(out, 'utf8')
  t.ok(tree.includes('came: '), 'of a tree the classes')
  t.match(
    tree,
    /(?:Size of shoe is (?:small|medium)|Ticket class is (?:first|second|third)|Deck is)/,
  )
})

t.test('explanations and predictions as text, and the summary', async (t) => {
  const flags = ['--model-dir', model, '--format', 'text', '--out', out]
  const explain = (...more: string[]) => run(declareExplain, 'explain', table, ...flags, ...more)
  await explain('--counterfactual', 'qv_yes', '--keep', 'qx_id,qx_size')
  check(t, 'explain', readFileSync(out, 'utf8'), 'Number 1000', 'Size of shoe', 'to be came', ' → ')
  await explain('--level', 'features')
  check(t, 'explain features', readFileSync(out, 'utf8'), 'Ticket class = first')
  await run(declarePredict, 'predict', table, ...flags, '--keep', 'qx_size')
  check(t, 'predict', readFileSync(out, 'utf8'), 'Came', 'stayed', 'probability of came', 'large')
  const { artifact } = await readModelDirectory(model)
  check(t, 'summary', describeSummary(artifact.summary!, artifact, 80), 'Ticket class', 'first')
})

t.test('monitor', async (t) => {
  const moved = join(directory, 'moved.csv')
  const [head = '', ...lines] = readFileSync(table, 'utf8').trimEnd().split('\n')
  const changed = lines.map((line) => line.replace(/qv_[123]/, 'qv_3').replace(/qv_[sm],/, 'qv_l,'))
  writeFileSync(moved, `${[head, ...changed].join('\n')}\n`)
  const written = join(directory, 'drift')
  mkdirSync(written, { recursive: true })
  const status = process.exitCode
  const told = await heard(() =>
    run(declareMonitor, 'monitor', moved, '--model-dir', model, '--html', out, '--output', written),
  )
  process.exitCode = status
  check(t, 'monitor', told, 'Ticket class', 'drift')
  check(t, 'its page', readFileSync(out, 'utf8'), 'Ticket class', 'first', 'stayed', 'Size of shoe')
  const violations = readFileSync(join(written, 'constraint_violations.json'), 'utf8')
  t.match(violations, '"feature_name": "qx_code"', 'programs read the names of data')
})

t.test('a model of another library', async (t) => {
  const file = join(directory, 'imported.yaml')
  const imported = join(directory, 'imported')
  const names = ['qx_amount', 'qx_size', 'qx_code', 'qx_cabin', 'qx_when', 'qx_note']
  const columns = Object.fromEntries(
    Object.entries(readable.columns).filter(([name]) => ['qx_y', ...names].includes(name)),
  )
  writeFileSync(file, JSON.stringify({ columns, values: { qx_y: readable.values.qx_y } }))
  const flags = ['--columns', names.join(','), '--classes', 'qv_no,qv_yes', '--target', 'qx_y']
  const told = await heard(() =>
    run(
      declareImport,
      ...['import', join(root, 'data/xgboost-model'), ...flags],
      ...['--labels', file, '--model-dir', imported],
    ),
  )
  check(t, 'import', told, 'Amount paid (qx_amount)', 'stayed, came')
  check(t, 'card', readFileSync(join(imported, 'MODEL_CARD.md'), 'utf8'), 'Remark', 'came')
  check(t, 'report', readFileSync(join(imported, 'report.html'), 'utf8'), 'Came', 'Remark')
})

t.test('for one run, over what is stored', async (t) => {
  const plain = await train('plain', '--quiet')
  const more = ['--model-dir', plain, '--labels', labels, '--out', out]
  await run(declarePlot, 'plot', 'confusion', ...more)
  check(t, 'plot', readFileSync(out, 'utf8'), 'stayed')
  await run(declareExplain, 'explain', table, ...more, '--format', 'text')
  check(t, 'explain', readFileSync(out, 'utf8'), 'Ticket class = ')
  const picture = ['waterfall', table, '--row', '1', '--output', 'came', '--format', 'svg']
  await run(declarePlot, 'plot', ...picture, ...more)
  check(t, 'picture', readFileSync(out, 'utf8'), 'Came = came')
  await run(declareReport, 'report', plain, '--labels', labels, '--out', out)
  check(t, 'report', readFileSync(out, 'utf8'), 'What predicts Came')
  await run(declarePredict, 'predict', table, '--model-dir', plain, '--format', 'csv', '--out', out)
  const own = readFileSync(out)
  await run(declarePredict, 'predict', table, ...more, '--format', 'csv')
  t.ok(readFileSync(out).equals(own), 'what programs read stays as it is')
  t.match(readFileSync(join(plain, 'MODEL_CARD.md'), 'utf8'), 'qx\\_code', 'nothing is stored')
})
