/** Trainings that are stopped by a signal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { cli, type Finished, root } from '../../command.ts'
import { shapserveHere } from '../../command-here.ts'
import {
  csv,
  cvNames,
  type Files,
  header,
  hyperparameters,
  layOut,
  metricsOf,
  validationNames,
} from '../job.ts'

t.setTimeout(240_000)

/** Runs a training, and signals it when its progress matches. */
async function stopAt(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  when: RegExp,
  signal: NodeJS.Signals,
): Promise<Finished> {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr, sent] = ['', '', false]
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    if (!sent && when.test(stderr)) sent = child.kill(signal)
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

/** A forest that would train for minutes. */
const slow = { n_estimators: '10000', min_impurity_decrease: '0', max_depth: '20' }

t.test('a training job that is stopped keeps its trees', { timeout: 120_000 }, async (t) => {
  const job = await layOut(t, {
    [hyperparameters]: slow,
    'input/data/train/a.csv': csv(600),
    'input/data/validation/a.csv': csv(100, { from: 600 }),
  })
  const env = { SAGEMAKER_BASE_DIR: job.base }
  const done = await stopAt(['train'], env, /forest +\d+\/10000/, 'SIGTERM')
  t.equal(done.status, 0, done.stderr)
  const [, trees = ''] = /warning {3}interrupted after (\d+) of 10000 trees/.exec(done.stderr) ?? []
  t.ok(Number(trees) >= 1000 && Number(trees) < 10_000, `${trees} trees`)
  t.same(Object.keys(metricsOf(done.stdout)).sort(), validationNames)
  const { training } = JSON.parse(await job.read('model/manifest.json'))
  t.same(training.warnings, [`interrupted after ${trees} of 10000 trees`])
  t.equal(training.interrupted, true)
  t.equal(JSON.parse(await job.read('model/metrics.json')).interrupted, true)
  t.match(await job.read('model/MODEL_CARD.md'), '**The training was interrupted**')
  t.match(await job.read('model/MODEL_CARD.md'), `interrupted after ${trees} of 10000 trees`)
  const shown = await shapserveHere(['inspect', join(job.base, 'model')])
  t.equal(shown.status, 0, shown.stderr)
  t.match(shown.stdout, `: ${trees} trees,`)
  t.match(shown.stdout, /sha256 [0-9a-f]+…, interrupted\n/)
  t.equal(await job.failure(), '')
  t.notOk((await readdir(join(job.base, 'model'))).some((name) => /lock|next/.test(name)))
})

/** What tells that there was a model, which has to stay as it was. */
const oldManifest = '{"format":"shapserve-model"}'

t.test('a training job without a tree leaves the old model', { timeout: 120_000 }, async (t) => {
  // So many files that the signal comes while they are read.
  const many = Array.from({ length: 3000 }, (_, i) => [
    `input/data/train/${i}.csv`,
    csv(2, { from: i % 50 }),
  ])
  const job = await layOut(t, {
    [hyperparameters]: slow,
    'model/manifest.json': oldManifest,
    ...(Object.fromEntries(many) as Files),
  })
  const env = { SAGEMAKER_BASE_DIR: job.base }
  const done = await stopAt(['train'], env, /train · seed/, 'SIGTERM')
  t.equal(done.status, 143, done.stderr)
  t.match(
    await job.failure(),
    /^stopped by SIGTERM before a model was written; ".*model" is as it was$/,
  )
  t.same(await readdir(join(job.base, 'model')), ['manifest.json'])
  t.equal(await job.read('model/manifest.json'), oldManifest)
  t.equal(done.stdout, '')
})

t.test('elsewhere a stopped training leaves the old model', { timeout: 120_000 }, async (t) => {
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    for (const [name, file, when] of [
      ['between trees', 'a.csv', /forest +\d+\/10000/],
      ['while it reads', '-', /train · seed/],
      ['while it is checked', 'a.csv', /split {5}/],
    ] as const) {
      await t.test(`${signal} ${name}`, async (t) => {
        const base = t.testdir({
          'a.csv': header + csv(600),
          model: { 'manifest.json': oldManifest },
        })
        const args = [
          ...['train', file === '-' ? file : join(base, file), '--target', 'outcome'],
          ...['--model-dir', join(base, 'model')],
          ...Object.entries(slow).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
        ]
        const done = await stopAt(args, {}, when, signal)
        t.equal(done.status, status, done.stderr)
        t.match(done.stderr, `shapserve: stopped by ${signal} before a model was written`)
        t.equal(done.stdout, '')
        t.same(await readdir(join(base, 'model')), ['manifest.json'], 'no lock is left')
        t.equal(await readFile(join(base, 'model/manifest.json'), 'utf8'), oldManifest)
      })
    }
  }
})

t.test('a model that is fitted is kept', { timeout: 120_000 }, async (t) => {
  const base = t.testdir({
    'a.csv': header + csv(3000),
    model: { 'manifest.json': oldManifest },
  })
  const args = [
    ...['train', join(base, 'a.csv'), '--target', 'outcome', '--model-dir', join(base, 'model')],
    ...['--set', 'n_estimators=300', '--set', 'max_depth=20'],
  ]
  const done = await stopAt(args, {}, /forest +300\/300/, 'SIGTERM')
  t.equal(done.status, 0, done.stderr)
  const { training } = JSON.parse(await readFile(join(base, 'model/manifest.json'), 'utf8'))
  // The signal may come when all is measured; otherwise the directory says what is not.
  t.equal(training.interrupted === true, /stopped after the fit/.test(done.stderr))
  const shown = await shapserveHere(['inspect', join(base, 'model')])
  t.equal(shown.status, 0, shown.stderr)
  t.match(shown.stdout, ': 300 trees,')
  t.notOk((await readdir(join(base, 'model'))).some((name) => /lock|next/.test(name)))
})

t.test('a search that is stopped trains its best so far', { timeout: 120_000 }, async (t) => {
  const base = t.testdir({ 'a.csv': header + csv(300), model: { 'manifest.json': oldManifest } })
  const args = [
    ...['tune', join(base, 'a.csv'), '--target', 'outcome', '--model-dir', join(base, 'model')],
    ...['--trials', '300', '--folds', '3', '--search', 'random'],
    ...['--engine', 'mljs', '--set', 'n_estimators=10', '--set', 'voting=soft'],
  ]
  const done = await stopAt(args, {}, /search +\d+\/900/, 'SIGTERM')
  t.equal(done.status, 0, done.stderr)
  t.match(
    done.stderr,
    /the search was interrupted after \d+ of 900 fits; the best so far is trained/,
  )
  const read = async (name: string) => JSON.parse(await readFile(join(base, 'model', name), 'utf8'))
  const { training, params } = await read('manifest.json')
  t.equal(training.interrupted, true)
  const { trials, interrupted, best } = await read('trials.json')
  t.equal(interrupted, true)
  t.equal(trials[0].trial, best)
  t.same(params, trials[0].params)
  t.equal(params.n_estimators, 10, 'all trees of the best')
  const scored = trials.filter(({ rungs }: { rungs: unknown[] }) => rungs.length > 0)
  t.ok(scored.length > 0 && scored.length < 300, `${scored.length} trials were scored`)
  const shown = await shapserveHere(['inspect', join(base, 'model')])
  t.match(shown.stdout, ': 10 trees,')
})

t.test('a search without a score leaves the old model', { timeout: 120_000 }, async (t) => {
  const base = t.testdir({ 'a.csv': header + csv(600), model: { 'manifest.json': oldManifest } })
  const args = [
    ...['tune', join(base, 'a.csv'), '--target', 'outcome', '--model-dir', join(base, 'model')],
    ...Object.entries(slow).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]
  const done = await stopAt(args, {}, /tune · seed/, 'SIGTERM')
  t.equal(done.status, 143, done.stderr)
  t.same(await readdir(join(base, 'model')), ['manifest.json'], 'no lock is left')
})

t.test('a training job keeps the folds that are done', { timeout: 120_000 }, async (t) => {
  const job = await layOut(t, {
    [hyperparameters]: { cv: '3', cv_repeats: '400', n_estimators: '10', test_size: '0' },
    'input/data/train/a.csv': csv(300),
  })
  const env = { SAGEMAKER_BASE_DIR: job.base }
  const done = await stopAt(['train'], env, /cv +\d+\/1200 folds/, 'SIGTERM')
  t.equal(done.status, 0, done.stderr)
  const metrics = JSON.parse(await job.read('model/metrics.json'))
  t.equal(metrics.interrupted, true)
  const { cross_validation: folds } = metrics
  t.equal(folds.interrupted, true)
  t.ok(folds.per_fold.length >= 120 && folds.per_fold.length < 1200, folds.per_fold.length)
  t.same(Object.keys(metricsOf(done.stdout)).sort(), cvNames, 'their mean is printed')
})
