/** SageMaker's training contract, by the built command in an /opt/ml of its own. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { shapserveHere } from '../../command-here.ts'
import {
  csv,
  type Files,
  header,
  hyperparameters,
  layOut,
  metricsOf,
  testNames,
  tree,
  validationNames,
} from '../job.ts'

t.setTimeout(120_000)

t.test('channels are measured and printed as metrics', async (t) => {
  const cases: [string, Files, string[], number, number][] = [
    ['train alone', {}, validationNames, 80, 20],
    [
      'validation',
      { 'input/data/validation/v.csv': csv(50, { from: 100 }) },
      validationNames,
      100,
      0,
    ],
    ['eval', { 'input/data/eval/v.csv': csv(50, { from: 100 }) }, validationNames, 100, 0],
    [
      'validation and test',
      {
        'input/data/validation/v.csv': csv(50, { from: 100 }),
        'input/data/test/t.csv': csv(30, { from: 150 }),
      },
      [...testNames, ...validationNames],
      100,
      0,
    ],
    [
      'test',
      { 'input/data/test/t.csv': csv(30, { from: 150 }) },
      [...testNames, ...validationNames],
      80,
      20,
    ],
    [
      'validation and a test size',
      {
        'input/data/validation/v.csv': csv(50, { from: 100 }),
        [hyperparameters]: { algorithm: 'decision_tree', test_size: '0.3' },
      },
      [...testNames, ...validationNames],
      70,
      30,
    ],
  ]
  for (const [name, files, expected, trainRows, testRows] of cases) {
    await t.test(name, async (t) => {
      const job = await layOut(t, { ...tree, 'input/data/train/part-0.csv': csv(100), ...files })
      const done = await job.train()
      t.equal(done.status, 0, done.stderr)
      const metrics = metricsOf(done.stdout)
      t.same(Object.keys(metrics).sort(), expected)
      t.notMatch(done.stdout, '\t', 'logs show tabs as #011')
      t.match(done.stderr, `split     ${trainRows} train · ${testRows} test`)
      t.match(done.stderr, '(the hyperparameter test_size to change)')
      t.match(done.stderr, 'estimator decision_tree   engine native  (the hyperparameter')
      const written = JSON.parse(await job.read('output/data/metrics.json'))
      const channels = written.channels ?? {}
      const first = (channels.validation?.model ?? written.test) as Record<string, number>
      t.equal(metrics['validation:accuracy'], first.accuracy, 'the file says the same')
      t.equal(first.rows, channels.validation ? 50 : 20)
      t.equal(
        channels.test?.model.rows,
        (name.includes(' test') && !name.includes('size')) || name === 'test' ? 30 : undefined,
      )
    })
  }
})

t.test('metrics are of the channel and not of the training rows', async (t) => {
  // Labels turned around: a model that is right in training is wrong here in every row.
  const points = Array.from({ length: 60 }, (_, i) => [i % 2, (i % 2) * 10 + (i % 7) / 10, i % 5])
  const job = await layOut(t, {
    ...tree,
    'input/data/training/a.csv': points.map((row) => row.join(',')).join('\n'),
    'input/data/validation/a.csv': points
      .map(([y = 0, ...x]) => [1 - y, ...x].join(','))
      .join('\n'),
    'input/data/test/a.csv': points.map((row) => row.join(',')).join('\n'),
  })
  const metrics = metricsOf((await job.train()).stdout)
  t.equal(metrics['validation:accuracy'], 0)
  t.equal(metrics['validation:auc'], 0)
  t.equal(metrics['test:accuracy'], 1)
  t.equal(metrics['test:f1'], 1)
})

t.test('channels must agree', async (t) => {
  const named = { [hyperparameters]: { algorithm: 'decision_tree', target: 'outcome' } }
  const cases: [string, Files, string, RegExp][] = [
    [
      'a column less',
      tree,
      csv(20).replaceAll(/,[^,]*$/gm, ''),
      /"validation\/v\.csv" has no column "f3", "train\/part-0\.csv" has$/,
    ],
    [
      'a column more',
      tree,
      csv(20).replaceAll(/$/gm, ',1'),
      /"validation\/v\.csv" has a column "f4", "train\/part-0\.csv" has not$/,
    ],
    [
      'text for numbers',
      tree,
      csv(20).replace(/,[^,]*$/m, ',zz'),
      /"validation\/v\.csv" has "[^"]*" in column "f3".*"train\/part-0\.csv" has numbers there/,
    ],
    [
      'an unknown label',
      tree,
      `${csv(3)}\n2,1,1,1`,
      /validation: the target "label" is 2 in row 4, training has "0", "1"/,
    ],
    [
      'no label',
      tree,
      `${csv(3)}\n,1,1,1`,
      /validation: the target "label" holds no label \(it is empty, NA or the like\) in 1 of 4 rows, first in row 4/,
    ],
    ['another name', named, `outcome,a,b,d\n${csv(20)}`, /"validation\/v\.csv" has no column "c"/],
  ]
  for (const [name, files, validation, message] of cases) {
    await t.test(name, async (t) => {
      const head = files === named ? header : ''
      const job = await layOut(t, {
        ...files,
        'input/data/train/part-0.csv': head + csv(100),
        'input/data/validation/v.csv': validation,
      })
      t.equal((await job.train()).status, 1)
      t.match(await job.failure(), message)
      t.same(await readdir(join(job.base, 'model')), [], 'no model and no lock')
    })
  }
  await t.test('another order, and numbers where training has texts too', async (t) => {
    const rows = Array.from({ length: 9 }, (_, i) => `8,1,8,${7 + i / 10}`)
    const job = await layOut(t, {
      ...named,
      'input/data/train/a.csv': header + csv(100, { labels: ['no', '1'] }),
      'input/data/validation/v.csv': `c,outcome,a,b\n${rows.join('\n')}`,
    })
    const done = await job.train()
    t.equal(done.status, 0, done.stderr)
    t.equal(metricsOf(done.stdout)['validation:accuracy'], 1)
  })
})

t.test('output.tar.gz gets metrics, analysis and model card', async (t) => {
  for (const labels of [
    ['0', '1'],
    ['a', 'b', 'c'],
  ]) {
    await t.test(`${labels.length} classes`, async (t) => {
      const rows = Array.from({ length: 90 }, (_, i) => {
        const k = i % labels.length
        return [labels[k], k + (i % 7) / 10, (i * 13) % 11].join(',')
      })
      const job = await layOut(t, { 'input/data/train/a.csv': rows.join('\n') })
      const done = await job.train()
      t.equal(done.status, 0, done.stderr)
      const analysis = JSON.parse(await job.read('output/data/analysis.json'))
      t.equal(analysis.version, '1.0')
      const expected = labels.length === 2 ? ['1'] : labels
      t.same(analysis.label_headers, expected)
      t.equal(analysis.space, 'probability')
      const scores = analysis.explanations.kernel_shap
      t.same(
        Object.keys(scores),
        expected.map((_, k) => `label${k}`),
      )
      const { importance } = JSON.parse(await job.read('model/metrics.json'))
      const means = new Map<string, number>()
      for (const score of Object.values(scores) as {
        global_shap_values: Record<string, number>
        expected_value: number
      }[]) {
        t.ok(score.expected_value > 0 && score.expected_value < 1)
        for (const [name, value] of Object.entries(score.global_shap_values)) {
          t.ok(value >= 0)
          means.set(name, (means.get(name) ?? 0) + value / expected.length)
        }
      }
      t.same([...means.keys()], ['f1', 'f2'])
      for (const { column, mean_abs_shap: mean } of importance.columns) {
        t.ok(Math.abs(mean - (means.get(column) as number)) < 1e-12, column)
      }
      t.equal(
        await job.read('output/data/metrics.json').then((text) => JSON.parse(text).model_id),
        analysis.model_id,
      )
      t.equal(await job.read('output/data/MODEL_CARD.md'), await job.read('model/MODEL_CARD.md'))
    })
  }
  await t.test('that it cannot be written is a warning', async (t) => {
    const job = await layOut(t, { ...tree, 'input/data/train/a.csv': csv(100) })
    const done = await job.train({ SM_OUTPUT_DATA_DIR: '/dev/null/data' })
    t.equal(done.status, 0)
    t.match(
      done.stderr,
      /warning {3}"\/dev\/null\/data" cannot be written: ENOTDIR; the model is saved/,
    )
    t.equal(await job.failure(), '')
  })
  await t.test('only in a training job', async (t) => {
    const base = t.testdir()
    const done = await shapserveHere(
      [
        'train',
        'data/penguins.csv',
        '--target',
        'species',
        '--estimator',
        'decision_tree',
        '--model-dir',
        join(base, 'model'),
      ],
      { env: { SAGEMAKER_BASE_DIR: base } },
    )
    t.equal(done.status, 0)
    t.same(await readdir(base), ['model'])
    t.notMatch(done.stdout, /validation:/)
  })
})

t.test('everything wrong in the hyperparameters at once', async (t) => {
  const job = await layOut(t, {
    [hyperparameters]: {
      test_size: '2',
      drop_missing_label: 'maybe',
      n_estimators: '-1',
      nestimators: '1',
      max_depth: '"NaN"',
      sagemaker_program: 'x',
      _tuning_objective_metric: 'validation:auc',
    },
    'input/data/train/a.csv': csv(20),
  })
  t.equal((await job.train()).status, 1)
  const reason = await job.failure()
  for (const part of [
    /test_size is "2", expected a number from 0 to 0\.99/,
    /drop_missing_label is "maybe", expected true or false/,
    /n_estimators is "-1"/,
    /unknown parameter "nestimators"/,
    /max_depth is "NaN"/,
  ]) {
    t.match(reason, part)
  }
  t.notMatch(reason, /sagemaker_|tuning/)
})

t.test('a job of several machines is not paid for the same model twice', async (t) => {
  const config = 'input/config/resourceconfig.json'
  const files = { [hyperparameters]: { n_estimators: '2' }, 'input/data/train/a.csv': csv(20) }
  const two = { current_host: 'algo-2', hosts: ['algo-1', 'algo-2'] }
  const refused = await layOut(t, { ...files, [config]: two })
  t.equal((await refused.train()).status, 1)
  t.match(await refused.failure(), /the job has 2 machines, and a model is trained in .* of one/)
  for (const usual of [{ hosts: ['algo-1'] }, 'no JSON', 'null']) {
    const job = await layOut(t, { ...files, [config]: usual })
    t.equal((await job.train()).status, 0, JSON.stringify(usual))
  }
})

t.test('a long reason is cut', async (t) => {
  const names = Array.from({ length: 40 }, (_, i) => [`unknown_parameter_number_${i}`, '1'])
  const job = await layOut(t, {
    [hyperparameters]: Object.fromEntries(names),
    'input/data/train/a.csv': csv(20),
  })
  t.equal((await job.train()).status, 1)
  t.equal((await job.failure()).length, 1024)
})

t.test('SM_* variables lay out a local run', async (t) => {
  const job = await layOut(t, {
    'here/train/a.csv': header + csv(100),
    'here/validation/a.csv': header + csv(50, { from: 100 }),
    'here/test/a.csv': header + csv(30, { from: 150 }),
  })
  const at = (path: string) => join(job.base, path)
  const done = await job.train({
    SM_CHANNEL_TRAINING: at('here/train'),
    SM_CHANNEL_VALIDATION: at('here/validation'),
    SM_CHANNEL_TEST: at('here/test'),
    SM_HPS: JSON.stringify({ algorithm: 'decision_tree', target: 'outcome', max_depth: 2 }),
    SM_MODEL_DIR: at('there'),
    SM_OUTPUT_DATA_DIR: at('out'),
  })
  t.equal(done.status, 0, done.stderr)
  t.same(Object.keys(metricsOf(done.stdout)).sort(), [...testNames, ...validationNames])
  t.match(JSON.parse(await job.read('there/manifest.json')), { params: { max_depth: 2 } })
  t.same(await readdir(at('out')), [
    'MODEL_CARD.md',
    'analysis.json',
    'metrics.json',
    'report.html',
  ])
  const lost = await job.train({ SM_CHANNEL_TRAIN: at('nowhere') })
  t.equal(lost.status, 1)
  t.match(lost.stderr, /the channel "train" cannot be read from ".*nowhere": ENOENT/)
})

t.test('shapserve train --validation', async (t) => {
  const base = t.testdir({
    'train.csv': header + csv(100),
    'a.csv': header + csv(30, { from: 100 }),
    'b.csv': header + csv(20, { from: 130 }),
  })
  const at = (name: string) => join(base, name)
  const args = ['train', at('train.csv'), '--target', 'outcome', '--model-dir', at('model')]
  const both = ['--validation', at('a.csv'), '--validation', at('b.csv')]
  const done = await shapserveHere([...args, ...both, '--json'])
  t.equal(done.status, 0, done.stderr)
  t.match(JSON.parse(done.stdout), {
    train_rows: 100,
    test_rows: 0,
    test: null,
    validation: { rows: 50 },
  })
  const split = await shapserveHere([...args, ...both, '--test-size', '0.1', '--json'])
  t.match(JSON.parse(split.stdout), {
    train_rows: 90,
    test: { rows: 10 },
    validation: { rows: 50 },
  })
  const shown = await shapserveHere([...args, ...both])
  t.match(shown.stdout, /^validation accuracy/m)
  t.notMatch(shown.stdout, /validation:/, 'metric lines are for training jobs')
  const wrong = await shapserveHere([...args, '--validation', 'data/penguins.csv'])
  t.equal(wrong.status, 1)
  t.match(wrong.stderr, /"data\/penguins\.csv" has no column "outcome", ".*train\.csv" has\n/)
})
