/** `shapserve tune`, `train --cv` and `metric-definitions` as users and SageMaker run them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { shapserveHere } from '../command-here.ts'
import { csv, cvNames, header, hyperparameters, layOut, metricsOf, validationNames } from './job.ts'

t.setTimeout(120_000)

/** Runs a command on a small table; returns how it ended and what its model directory holds. */
async function runOn(t: Test, command: string, flags: readonly string[]) {
  const base = t.testdir({ 'a.csv': header + csv(120) })
  const model = join(base, 'model')
  const done = await shapserveHere([
    ...[command, join(base, 'a.csv'), '--target', 'outcome', '--estimator', 'decision_tree'],
    ...['--model-dir', model, ...flags],
  ])
  return {
    done,
    read: async (name: string) => JSON.parse(await readFile(join(model, name), 'utf8')),
    card: () => readFile(join(model, 'MODEL_CARD.md'), 'utf8'),
  }
}

t.test('tune shows its trials and keeps them', async (t) => {
  const { done, read, card } = await runOn(t, 'tune', ['--trials', '4', '--folds', '3'])
  t.equal(done.status, 0, done.stderr)
  t.match(done.stderr, /^shapserve .* · tune · seed 0\n/)
  t.match(done.stdout, /^search {4}4 trials, mean over 3 folds\ntrial +roc_auc +± sd +rows +param/m)
  t.match(done.stdout, /^ +\d {5}0\.\d{3} +0\.\d{3} +96 {2}(\w+=[\w.]+ ?)+$/m)
  const { trials, best } = await read('trials.json')
  t.equal(trials.length, 4)
  const manifest = await read('manifest.json')
  t.same(manifest.params, trials[0].params)
  t.ok(manifest.files['trials.json'])
  t.equal(trials[0].trial, best)
  t.match(await card(), /its trials are in `trials.json`/)
})

t.test('tune answers with one JSON object', async (t) => {
  const flags = ['--trials', '3', '--metric', 'f1', '--search', 'random', '--json']
  const { done } = await runOn(t, 'tune', flags)
  t.equal(done.status, 0, done.stderr)
  t.equal(done.stderr, '')
  t.match(JSON.parse(done.stdout), {
    estimator: 'decision_tree',
    test_rows: 24,
    test: { intervals: { accuracy: [Number, Number] } },
    cross_validation: { folds: 5, metrics: { f1: { mean: Number, sd: Number, folds: 5 } } },
    importance: { columns: [{ permutation_mean: Number }] },
    tuning: { metric: 'f1', search: 'random', trials: [{}, {}, {}] },
  })
})

t.test('what cannot be tuned', async (t) => {
  for (const [flags, message] of [
    [['--trials', '0'], /trials is "0", expected a number from 1 to 10000/],
    [['--trials', '2.5'], /trials is "2.5", expected a whole number/],
    [['--metric', 'rocauc'], /metric is "rocauc", expected accuracy, .*; did you mean "roc_auc"/],
    [['--search', 'grid'], /search is "grid", expected halving, random/],
    [['--folds', '1'], /folds is "1", expected a number from 2/],
    [['--folds', '100'], /100 folds are too many/],
  ] as const) {
    const { done } = await runOn(t, 'tune', flags)
    t.equal(done.status, 1, flags.join(' '))
    t.match(done.stderr, message)
    t.equal(done.stdout, '')
  }
  t.equal((await shapserveHere(['tune', '--target', 'y'])).status, 2, 'no file is wrong usage')
})

t.test('--cv shows folds beside the test rows', async (t) => {
  const flags = ['--cv', '4', '--cv-repeats', '2']
  const { done, read, card } = await runOn(t, 'train', flags)
  t.equal(done.status, 0, done.stderr)
  t.match(done.stdout, /^cv 4 × 2 +accuracy.*\nmean +0\.\d{3}.*\n± sd +0\.\d{3}/m)
  t.match(done.stdout, /^95 % from +0\.\d{3}.*\n95 % to +/m)
  const { cross_validation: folds } = await read('metrics.json')
  t.equal(folds.per_fold.length, 8)
  t.match(await card(), /^## Cross-validation\n\n96 training rows in 4 folds, 2 times\.$/m)
  const { done: refused } = await runOn(t, 'train', ['--cv', 'x'])
  t.equal(refused.status, 1)
  t.match(refused.stderr, /cv is "x", expected a number from 2 to 1000/)
})

interface Definition {
  readonly Name: string
  readonly Regex: string
}

async function readDefinitions(): Promise<Definition[]> {
  const { status, stdout } = await shapserveHere(['metric-definitions', '--json'])
  if (status !== 0) throw new Error('metric-definitions failed')
  return JSON.parse(stdout) as Definition[]
}

/** Every number that a definition finds in a log, as SageMaker looks for it: line by line. */
function findAll({ Regex }: Definition, log: string): number[] {
  return log.split('\n').flatMap((line) => {
    const found = new RegExp(Regex).exec(line)
    return found ? [Number(found[1])] : []
  })
}

t.test('metric definitions find what is printed, and nothing else', async (t) => {
  const definitions = await readDefinitions()
  t.ok(definitions.length <= 40, 'SageMaker takes no more')
  t.equal(new Set(definitions.map(({ Name }) => Name)).size, definitions.length)
  const job = await layOut(t, {
    [hyperparameters]: {
      algorithm: 'decision_tree',
      trials: '3',
      folds: '3',
      search: 'random',
      metric: 'log_loss',
    },
    'input/data/train/a.csv': csv(120),
    'input/data/validation/a.csv': csv(60, { from: 120 }),
    'input/data/test/a.csv': csv(60, { from: 180 }),
  })
  const done = await job.train()
  t.equal(done.status, 0, done.stderr)
  const log = `${done.stdout}${done.stderr}`
  const printed = metricsOf(done.stdout)
  for (const definition of definitions) {
    const found = findAll(definition, log)
    const isTrial = definition.Name.startsWith('tune:')
    t.equal(found.length, isTrial ? 3 : 1, `${definition.Name} ${definition.Regex}`)
    t.equal(found.at(-1), printed[definition.Name], 'the number itself')
  }
  t.same(Object.keys(printed).sort(), definitions.map(({ Name }) => Name).sort(), 'no line without')
  t.notMatch(done.stdout, /\t/)
  const metrics = JSON.parse(await job.read('model/metrics.json'))
  t.equal(printed['validation:auc'], metrics.channels.validation.model.roc_auc)
  t.equal(printed['cv:log_loss'], metrics.cross_validation.metrics.log_loss.mean)
  t.equal(printed['tune:best'], printed['cv:log_loss'], 'the best of the last round')
})

t.test('a name that looks like a metric is none', async (t) => {
  const forged = 'validation:auc=9;'
  const rows = csv(120, { labels: ['cv:f1=8;', 'tune:best=7;'] })
  const job = await layOut(t, {
    [hyperparameters]: { algorithm: 'decision_tree', target: 'outcome' },
    'input/data/train/a.csv': `outcome,${forged},test:brier=6;,c\n${rows}`,
  })
  const done = await job.train()
  t.equal(done.status, 0, done.stderr)
  const log = `${done.stdout}${done.stderr}`
  t.match(log, /validation:auc= 9;/, 'it is shown, a little changed')
  for (const definition of await readDefinitions()) {
    const isPrinted = validationNames.includes(definition.Name)
    t.equal(findAll(definition, log).length, isPrinted ? 1 : 0, definition.Name)
  }
})

t.test('metric definitions as lines', async (t) => {
  const { status, stdout } = await shapserveHere(['metric-definitions'])
  t.equal(status, 0)
  const lines = stdout.trim().split('\n')
  t.same(
    lines,
    (await readDefinitions()).map(({ Name, Regex }) => `${Name.padEnd(28)}  ${Regex}`),
  )
})

t.test('a training job cross-validates', async (t) => {
  const job = await layOut(t, {
    [hyperparameters]: { algorithm: 'decision_tree', cv: '3', cv_repeats: '2' },
    'input/data/train/a.csv': csv(120),
  })
  const done = await job.train()
  t.equal(done.status, 0, done.stderr)
  t.same(Object.keys(metricsOf(done.stdout)).sort(), [...cvNames, ...validationNames].sort())
  const other = await layOut(t, {
    [hyperparameters]: { cv: '1', trials: 'many', metric: 'auc', n_trees: '3' },
    'input/data/train/a.csv': csv(120),
  })
  t.equal((await other.train()).status, 1)
  t.match(await other.failure(), /hyperparameters: cv is "1".*; trials is "many".*n_trees/)
})
