/**
 * Messages that give advice: whoever follows it gets an answer. Every case is a mistake, the advice that it gets, and
 * what a reader of the advice does next. Advice in `src` that no case has seen, and no reason excuses, is an error.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Command } from 'commander'
import { zipSync } from 'fflate/browser'
import t, { type Test } from 'tap'
import { declareExplain } from '../src/commands/explain.ts'
import { declareImport } from '../src/commands/import.ts'
import { declarePredict } from '../src/commands/predict.ts'
import type { DeployFlags } from '../src/commands/sagemaker/launcher/deploy-flags.ts'
import { readDeployment } from '../src/commands/sagemaker/launcher/deployment.ts'
import { declareLaunchDeploy } from '../src/commands/sagemaker/launcher/launch-deploy.ts'
import { declareLaunchTrain } from '../src/commands/sagemaker/launcher/launch-train.ts'
import { declareLaunchTransform } from '../src/commands/sagemaker/launcher/launch-transform.ts'
import { readMachine } from '../src/commands/sagemaker/launcher/machine-flags.ts'
import { planModels } from '../src/commands/sagemaker/launcher/model-archives.ts'
import { planRowsInS3 } from '../src/commands/sagemaker/launcher/rows-of-transform.ts'
import type { LaunchTrainFlags } from '../src/commands/sagemaker/launcher/train-flags.ts'
import type { TransformFlags } from '../src/commands/sagemaker/launcher/transform-flags.ts'
import { rangesOf } from '../src/commands/sagemaker/launcher/tuning-job.ts'
import { readSageMakerRequest } from '../src/commands/sagemaker/read-request.ts'
import { declareTrain } from '../src/commands/train.ts'
import { runTraining } from '../src/commands/training/run-training.ts'
import { declareTune } from '../src/commands/tune.ts'
import { stratifiedSplit } from '../src/data/split.ts'
import { runSteps } from '../src/data/steps.ts'
import { flagWith } from '../src/errors.ts'
import { makeKeyPair, readPublicKey } from '../src/model-directory/keys.ts'
import { readModelDirectory, sha256 } from '../src/model-directory/read.ts'
import { openModelWriter } from '../src/model-directory/write.ts'
import { describeDoubts } from '../src/preprocess/doubts.ts'
import { inferPlan } from '../src/preprocess/infer-plan.ts'
import { describeDuplicates } from '../src/preprocess/leaks.ts'
import { readCsvTable } from '../src/tables/formats/read-text.ts'
import { createMemoryBudget } from '../src/tables/memory.ts'
import { readTables } from '../src/tables/read-tables.ts'
import { searchSpaceOf } from '../src/training/choose-estimator.ts'
import { train as trainTable } from '../src/training/train.ts'
import { hyperparameters, inputDataConfig, layOut } from './commands/job.ts'
import { flagsOf } from './commands/sagemaker/launcher/flags.ts'
import { buildTestApp, checkpoint, passenger, post } from './helper.ts'
import { COLOURS, makeModel } from './import/xgboost-files.ts'
import { writeParquet } from './parquet.ts'

t.setTimeout(300_000)

/** Every piece of advice that a case has got. */
const given: string[] = []

/** Asserts that a message gives advice, and notes it. Returns what the advice names. */
function takeAdvice(t: Test, message: string, advice: RegExp): string {
  given.push(message)
  t.match(message, advice, 'the advice')
  return advice.exec(message)?.[1] ?? ''
}

// Requests

interface Asked {
  readonly url?: string
  readonly type?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

const { object, csv, header } = passenger
const row = (change: object) => JSON.stringify({ ...object, ...change })
const explain = (query: string): Asked => ({ url: `/explain?${query}` })
const svg = { accept: 'image/svg+xml' }

/** An .npy file of one row. */
function npy(dtype: string, shape: string, values: Uint8Array, version = 1): Uint8Array {
  const text = `{'descr': ${dtype}, 'fortran_order': False, 'shape': ${shape}, }`
  const padded = `${text.padEnd(117)}\n`
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0v\0`, 'latin1'),
    Buffer.from(padded),
    values,
  ])
}
const numbers = new Uint8Array(new Float64Array([1, 2]).buffer)
const array = npy("'<f8'", '(1, 2)', numbers)

/** Parquet of passengers whose name is one long text, stored once. */
function longNames(rows: number): Asked {
  const every = <T>(value: T) => new Array<T>(rows).fill(value)
  const number = (name: string) => ({ name, type: 'DOUBLE', values: every(1) }) as const
  const text = (name: string, value: string) =>
    ({ name, type: 'BYTE_ARRAY', byDictionary: true, values: every(value) }) as const
  const body = writeParquet([
    ...[number('Pclass'), text('Name', 'x'.repeat(100_000)), text('Sex', 'male')],
    ...[number('Age'), number('SibSp'), number('Parch')],
  ])
  return { type: 'application/x-parquet', body }
}

const requests: readonly [string, Asked, RegExp, (named: string) => readonly Asked[]][] = [
  [
    'a header with strangers',
    { type: 'text/csv', body: `${header},Port\n${csv},S` },
    /send (text\/csv;header=present) to ignore it/,
    (type) => [{ type, body: `${header},Port\n${csv},S` }],
  ],
  [
    'another charset',
    { type: 'text/csv; charset=utf-7', body: csv },
    /send UTF-8/,
    () => [{ type: 'text/csv; charset=utf-8', body: csv }],
  ],
  [
    'another encoding',
    { body: row({}), headers: { 'content-encoding': 'br' } },
    /send the body as gzip or uncompressed/,
    () => [{ body: gzipSync(row({})), headers: { 'content-encoding': 'gzip' } }, { body: row({}) }],
  ],
  [
    'a text as a number',
    { body: row({ Name: 5 }) },
    /send ("5") in quotes/,
    (name) => [{ body: row({ Name: JSON.parse(name) }) }],
  ],
  ['a number as a text', { body: row({ Age: '28' }) }, /send it without quotes/, () => [{}]],
  [
    'a decimal comma',
    { body: row({ Age: '28,5' }) },
    /write decimals with a point/,
    () => [{ body: row({ Age: 28.5 }) }],
  ],
  [
    'two members with rows',
    { body: `{"instances":[${row({})}],"dataframe_records":[${row({})}]}` },
    /send one of them/,
    () => [{ body: `{"instances":[${row({})}]}` }, { body: `{"dataframe_records":[${row({})}]}` }],
  ],
  [
    'a column in another writing',
    { body: row({ Sex: undefined, sex: 'male' }) },
    /did you mean "(\w+)"\?/,
    (name) => [{ body: row({ Sex: undefined, [name]: 'male' }) }],
  ],
  [
    'UTF-16',
    { type: 'text/csv', body: Buffer.from(`\ufeff${csv}`, 'utf16le') },
    /save or send it as UTF-8/,
    () => [{ type: 'text/csv', body: csv }],
  ],
  [
    'UTF-16 in JSON',
    { body: Buffer.from(`\ufeff${row({})}`, 'utf16le') },
    /save or send it as UTF-8/,
    () => [{}],
  ],
  [
    'a text for a missing number',
    { body: row({ Age: '' }) },
    /send (null) for a missing value/,
    () => [{ body: row({ Age: null }) }],
  ],
  [
    'texts in npy',
    { type: 'application/x-npy', body: npy("'<f8'", '(1, 6)', new Uint8Array(48)) },
    /send JSON or CSV/,
    () => [{}, { type: 'text/csv', body: csv }],
  ],
  ...(
    [
      ['an option', 'spce=probability', (name) => `${name}=probability`],
      ['a space', 'space=probabilty', (name) => `space=${name}`],
      ['a method', 'method=tree_path_dependant', (name) => `method=${name}`],
      ['a level', 'level=feature', (name) => `level=${name}`],
      ['a class', 'output=predictd', (name) => `output=${name}`],
      ['a form', 'format=contribution', (name) => `format=${name}`],
      [
        'a frozen column',
        'counterfactual=1&freeze=Agee',
        (name) => `counterfactual=1&freeze=${name}`,
      ],
    ] as [string, string, (name: string) => string][]
  ).map(([name, query, follow]): [string, Asked, RegExp, (named: string) => readonly Asked[]] => [
    `${name} that is misspelt`,
    explain(query),
    /did you mean "(\w+)"\?/,
    (named) => [explain(follow(named))],
  ]),
  [
    'interactions of a few',
    explain('interactions=true&top=2'),
    /leave out top/,
    () => [explain('interactions=true')],
  ],
  [
    'interactions in a way that has none',
    explain('interactions=true&method=tree_interventional'),
    /ask for (space=\w+ and method=\w+)$/,
    (named) => [
      explain(`interactions=true&${named.replace(' and ', '&')}`),
      explain('interactions=true'),
    ],
  ],
  [
    'the largest in CSV',
    { ...explain('top=2'), headers: { accept: 'text/csv' } },
    /ask for top in JSON/,
    () => [explain('top=2')],
  ],
  [
    'a picture of several outputs',
    { ...explain('output=all'), headers: svg },
    /choose one class with the option (output)$/,
    (option) => [{ ...explain(`${option}=1`), headers: svg }],
  ],
  [
    'Parquet of texts that are long in every row',
    longNames(700),
    /send fewer rows in one request/,
    () => [longNames(7)],
  ],
  [
    'a model of another name',
    { url: '/v1/models/modle:predict', body: `{"instances":[${row({})}]}` },
    /there is "(\w+)"/,
    (name) => [{ url: `/v1/models/${name}:predict`, body: `{"instances":[${row({})}]}` }],
  ],
]

/** Asks for a prediction of the usual row, in as far as nothing else is said. */
type App = Awaited<ReturnType<typeof buildTestApp>>
const ask = (
  app: App,
  { url = '/invocations', type = 'application/json', body = row({}), headers }: Asked,
) => post(app, url, type, body, headers)

async function follow(t: Test, app: App, [name, mistake, advice, next]: (typeof requests)[number]) {
  await t.test(name, async (t) => {
    const refused = await ask(app, mistake)
    t.ok(refused.statusCode >= 400 && refused.statusCode < 500, 'refused', {
      refused: refused.body,
    })
    const named = takeAdvice(t, String(JSON.parse(refused.body).detail ?? refused.body), advice)
    for (const asked of next(named)) {
      const answer = await ask(app, asked)
      t.equal(answer.statusCode, 200, 'followed', { asked, answer: answer.body })
    }
  })
}

t.test('requests', async (t) => {
  const app = await buildTestApp(t)
  for (const request of requests) await follow(t, app, request)
  await t.test('a type that is not read', async (t) => {
    const refused = await ask(app, { type: 'application/xml', body: '<a/>' })
    const { detail } = JSON.parse(refused.body)
    const some = takeAdvice(t, detail, /send (.*) or another type of the Accept header$/)
    const all = String(refused.headers['accept'])
    for (const type of [some, all].flatMap((types) => types.split(', ')))
      t.not((await ask(app, { type })).statusCode, 415, `${type} is read`)
  })
})

t.test('requests beyond a limit', async (t) => {
  // A form that is one document, made at once.
  const url = '/explain?format=clarify'
  const many: Asked = { url, body: `[${new Array(900).fill(row({})).join(',')}]` }
  for (const limits of [{ maxAnswerBytes: 99_000 }, { maxSeconds: 0.002 }]) {
    const app = await buildTestApp(t, { limits })
    const fewer: Asked = { url }
    await follow(t, app, [JSON.stringify(limits), many, /send fewer rows/, () => [fewer]])
  }
})

// Commands

/** A table with a column of every kind. */
const table = [
  'n,half,colour,code,same,y',
  ...Array.from({ length: 60 }, (_, i) => {
    const colour = ['red', 'green', 'blue'][i % 3]
    return `${(i * 13) % 17},${i / 2},${colour},${i % 4},1,${((i * 7) % 5) % 2 ? 'yes' : 'no'}`
  }),
].join('\n')

const quickly = ['--estimator', 'decision_tree', '--quiet']

/** Runs arguments as the executable does. */
async function command(args: readonly string[]): Promise<void> {
  const program = new Command().exitOverride()
  for (const declare of [declareTrain, declareTune, declareImport, declarePredict, declareExplain])
    declare(program)
  await program.parseAsync(args, { from: 'user' })
}

/** Returns why arguments are refused. */
async function refusal(t: Test, args: readonly string[]): Promise<string> {
  try {
    await command(args)
  } catch (error) {
    t.match((error as Error).name, /^(InputError|ArtifactError)$/, { error })
    return (error as Error).message
  }
  return t.fail(`not refused: ${args.join(' ')}`) ? '' : ''
}

/** Mistake and remedy as arguments after `train a.csv`; `{}` in a remedy is what the advice names. */
const trainings: readonly [string, string, RegExp, readonly string[]][] = [
  ['no target', '', /--target one of .*"(y)"/, ['--target {}']],
  ['a target that is misspelt', '--target Y', /did you mean "(\w+)"\?/, ['--target {}']],
  ['a column', '--target y --nominal clour', /did you mean "(\w+)"\?/, ['--target y --nominal {}']],
  ['a weight', '--target y --weight hlaf', /did you mean "(\w+)"\?/, ['--target y --weight {}']],
  [
    'an estimator',
    '--target y --estimator decision_teer',
    /did you mean "(\w+)"\?/,
    ['--target y --estimator {}'],
  ],
  ['an engine', '--target y --engine natve', /did you mean "(\w+)"\?/, ['--target y --engine {}']],
  [
    'a parameter',
    '--target y --set max_dept=3',
    /did you mean "(\w+)"\?/,
    ['--target y --set {}=3'],
  ],
  [
    'a value',
    '--target y --set criterion=ginni',
    /did you mean "(\w+)"\?/,
    ['--target y --set criterion={}'],
  ],
  [
    'weights that are not heeded',
    '--target y --weight half --engine mljs',
    /leave out the weight "half", or choose another engine/,
    ['--target y --engine mljs', '--target y --weight half --engine native'],
  ],
  [
    'a column of two roles',
    '--target y --numeric code --nominal code',
    /given as --numeric and as --nominal; leave one of them out/,
    ['--target y --numeric code', '--target y --nominal code'],
  ],
  [
    'a parameter of two values',
    '--target y --set max_depth=2 --set max_depth=3',
    /given as 2 and as 3; leave one of them out/,
    ['--target y --set max_depth=2'],
  ],
  [
    'weights that are all 0',
    '--target y --estimator logistic_regression --set class_weight={"yes":0,"no":0}',
    /change class_weight$/,
    ['--target y --estimator logistic_regression --set class_weight={"yes":2,"no":1}'],
  ],
  [
    'weights beyond any use',
    '--target y --set class_weight={"yes":1e300,"no":1e300}',
    /change class_weight or the weights$/,
    ['--target y --set class_weight={"yes":2,"no":1}'],
  ],
  [
    'a quantity',
    '--target half',
    /--bins 4 makes classes.*; if every number is a class, add (--nominal half)/,
    ['--target half {} --test-size 0', '--target half --bins 4'],
  ],
  ['bins of texts', '--target y --bins 2', /needs no bins; leave out --bins/, ['--target y']],
  [
    'repeats without folds',
    '--target y --cv-repeats 2',
    /cv must say how many folds/,
    ['--target y --cv-repeats 2 --cv 2'],
  ],
]

t.test('train', async (t) => {
  const base = t.testdir({
    'a.csv': table,
    'b.csv': table.replace('yes', ''),
    'plan.json': JSON.stringify({ target: 'y', numeric: ['n'] }),
    'none.json': JSON.stringify({ target: 'y', numeric: [{ column: 'n', impute: 'none' }] }),
    'median.json': JSON.stringify({ target: 'y', numeric: [{ column: 'n', impute: 'median' }] }),
    work: { 'notes.txt': '' },
  })
  let models = 0
  const train = (words: string, file = 'a.csv') => [
    ...['train', join(base, file), ...quickly, '--model-dir', join(base, `model${++models}`)],
    ...words.split(' ').filter(Boolean),
  ]
  for (const [name, mistake, advice, remedies] of trainings)
    await t.test(name, async (t) => {
      const named = takeAdvice(t, await refusal(t, train(mistake)), advice)
      for (const remedy of remedies)
        await t.resolves(command(train(remedy.replace('{}', named))), remedy)
    })

  await t.test('rows without a label', async (t) => {
    const message = await refusal(t, train('--target y', 'b.csv'))
    const flag = takeAdvice(t, message, /(--\S+) leaves them out/)
    await t.resolves(command(train(`--target y ${flag}`, 'b.csv')))
  })

  await t.test('a text in a file to measure on', async (t) => {
    const words = `--target y --validation ${join(base, 'measured.csv')}`
    writeFileSync(join(base, 'measured.csv'), table.replace(/^\d+/m, 'about7'))
    const advice = /; (--treat-as-missing \S+) if it means no value$/
    const flag = takeAdvice(t, await refusal(t, train(words)), advice)
    await t.resolves(command(train(`${words} ${flag}`)))
  })

  await t.test('more values than classes', async (t) => {
    const labels = Array.from({ length: 300 }, (_, i) => `${i % 7},l${i}`)
    writeFileSync(join(base, 'many.csv'), ['n,y', ...labels].join('\n'))
    takeAdvice(t, await refusal(t, train('--target y', 'many.csv')), /; group them$/)
    const grouped = labels.map((line) => line.replace(/\d$/, ''))
    writeFileSync(join(base, 'many.csv'), ['n,y', ...grouped].join('\n'))
    await t.resolves(command(train('--target y', 'many.csv')))
  })

  await t.test('a plan and flags', async (t) => {
    const plan = `--plan ${join(base, 'plan.json')}`
    takeAdvice(t, await refusal(t, train(`${plan} --drop code`)), /leave out the column flags/)
    takeAdvice(t, await refusal(t, train(`${plan} --cyclic code`)), /leave out the flags for it/)
    await t.resolves(command(train(plan)))
  })

  await t.test('numbers that stay missing', async (t) => {
    writeFileSync(join(base, 'gaps.csv'), table.replace('\n0,', '\n,'))
    const with_ = (plan: string) =>
      train(`--plan ${join(base, plan)} --estimator logistic_regression`, 'gaps.csv')
    takeAdvice(t, await refusal(t, with_('none.json')), /use median, mean or most_frequent/)
    await t.resolves(command(with_('median.json')))
  })

  await t.test('a directory of something else', async (t) => {
    const work = ['train', join(base, 'a.csv'), ...quickly, '--target', 'y']
    const into = [...work, '--model-dir', join(base, 'work')]
    const flag = takeAdvice(t, await refusal(t, into), /name a new directory, or add (--force)/)
    await t.resolves(command([...into, flag]))
    await t.resolves(command([...work, '--model-dir', join(base, 'new')]))
    writeFileSync(join(base, 'new/.lock'), '1 elsewhere\n')
    const again = [...work, '--model-dir', join(base, 'new')]
    const lock = takeAdvice(t, await refusal(t, again), /if not, delete "(.*)"$/)
    rmSync(lock)
    await t.resolves(command(again))
  })

  await t.test('a search', async (t) => {
    const tune = (words: string) => ['tune', ...train(words).slice(1), '--trials', '1']
    const mistake = tune('--target y --folds 2 --metric roc_uac')
    const metric = takeAdvice(t, await refusal(t, mistake), /did you mean "(\w+)"\?/)
    await t.resolves(command(tune(`--target y --folds 2 --metric ${metric}`)))
  })
})

t.test('models of many features', async (t) => {
  const numbers = Array.from({ length: 20 }, (_, j) => `x${j}`)
  const rows = Array.from({ length: 840 }, (_, i) => {
    const cells = numbers.map((_, j) => (i * i * (j + 3) + i) % 101)
    return [...cells, `code${i % 70}`, ['red', 'green', 'blue'][(i * 5) % 3]].join(',')
  })
  const table = [[...numbers, 'code', 'y'].join(','), ...rows].join('\n')
  const base = t.testdir({ 'a.csv': table, 'b.csv': `${table.split('\n', 3).join('\n')}\n` })
  const into = ['--model-dir', join(base, 'model')]
  const train = ['train', join(base, 'a.csv'), '--quiet', '--target', 'y', '--force', ...into]
  const explain = (flags: string) => [
    ...['explain', join(base, 'b.csv'), ...into, '--jobs', '1', '--out', join(base, 'out')],
    ...flags.split(' '),
  ]
  await command([...train, '--estimator', 'logistic_regression', '--drop', 'code'])
  const exact = await refusal(t, explain('--space probability'))
  const space = takeAdvice(t, exact, /ask for space=(\w+)$/)
  await t.resolves(command(explain(`--space ${space}`)))
  const plan = { target: 'y', numeric: numbers, nominal: [{ column: 'code', min_frequency: 1 }] }
  writeFileSync(join(base, 'plan.json'), JSON.stringify(plan))
  const planned = [...train.filter((word) => word !== '--target' && word !== 'y')]
  await command([...planned, '--estimator', 'decision_tree', '--plan', join(base, 'plan.json')])
  const pairs = await refusal(t, explain('--interactions --level features'))
  const level = takeAdvice(t, pairs, /features; ask for level=(\w+)$/)
  await t.resolves(command(explain(`--interactions --level ${level}`)))
})

t.test('what is warned of', async (t) => {
  const days = Array.from(
    { length: 60 },
    (_, i) => `2024-01-${String(1 + (i % 28)).padStart(2, '0')}`,
  )
  const lines = (row: (i: number) => string) =>
    ['a,b,y', ...days.map((_, i) => `${row(i)},${i % 3},${i % 2 ? 'yes' : 'no'}`)].join('\n')
  const warningsOf = (csv: string, drop?: string) => {
    const frame = readCsvTable(csv)
    const { plan } = runSteps(
      inferPlan(frame, 'y', new Map(drop ? [[drop, 'drop' as const]] : [['a', 'nominal']])),
    )
    const y = Int32Array.from({ length: 60 }, (_, i) => i % 2)
    return runSteps(describeDoubts(frame, plan, y, 2))
  }
  const cases: [mistake: string, advice: RegExp, remedy: string, drop?: string][] = [
    [lines((i) => `t${i % 2}`), /leave it out if it is not known/, lines((i) => `t${i % 2}`), 'a'],
    [lines((i) => days[i]!), /make numbers of them, such as days/, lines((i) => `${i % 28}`), 'b'],
    [
      lines((i) => ['Ulm', 'ulm', 'Rom'][i % 3]!),
      /write them in one way/,
      lines((i) => `k${i % 3}`),
    ],
    [
      lines((i) => `${i % 20}.5 ${i % 3 ? 'kg' : 'lb'}`),
      /write all in one unit/,
      lines((i) => `${i % 20}.5 kg`),
    ],
  ]
  for (const [mistake, advice, remedy, drop] of cases) {
    const told = warningsOf(mistake).join('\n')
    takeAdvice(t, told, advice)
    t.notMatch(warningsOf(remedy, drop).join('\n'), advice, 'followed')
  }
  const rows = Array.from({ length: 120 }, (_, i) => `${i / 7},${'abc'[i % 3]},${i % 2}`)
  const doubled = (kept: readonly string[]) => {
    const frame = readCsvTable(['n,c,y', ...kept].join('\n'))
    const split = stratifiedSplit(
      Int32Array.from(kept, (_, i) => i % 2),
      2,
      0.25,
      0,
    )
    const { plan } = runSteps(inferPlan(frame, 'y'))
    const y = Int32Array.from(kept, (_, i) => i % 2)
    return describeDuplicates(frame, plan, y, split).join('\n')
  }
  takeAdvice(t, doubled([...rows, ...rows]), /leave out rows that stand in the file twice$/)
  t.equal(doubled(rows), '', 'followed')
  const apart = lines((i) => `${i % 2 ? 5.5 + i : -5.5 - i}`)
  const warned = async (penalty: string) => {
    const frame = readCsvTable(apart)
    const warnings: string[] = []
    await trainTable(frame, runSteps(inferPlan(frame, 'y')).plan, {
      ...{ estimator: 'logistic_regression', engine: 'native', testSize: 0, seed: 0 },
      ...{ dropMissingLabel: false, dataSha256: '0'.repeat(64), sha256 },
      params: new Map([['penalty', penalty]]),
      progress: async () => {},
      warn: (warning) => warnings.push(warning),
      channels: new Map(),
    })
    return warnings.join('\n')
  }
  const penalty = takeAdvice(t, await warned('none'), /use penalty (\w+)/)
  t.notMatch(await warned(penalty), /use penalty/)
})

t.test('keys', async (t) => {
  const { privateKey, publicKey } = makeKeyPair()
  const refused = await readPublicKey(privateKey).catch((error: Error) => error.message)
  takeAdvice(t, String(refused), /is a private key; give its public key$/)
  await t.resolves(readPublicKey(publicKey))
})

t.test('files and memory', async (t) => {
  const base = t.testdir({
    'a.csv': `a,b\n${'1,2\n'.repeat(200_000)}`,
    'few.csv': `a,b\n${'1,2\n'.repeat(100)}`,
    out: { 'notes.txt': '', 'metrics.json': '{}' },
  })
  const table = new TextEncoder().encode('a,b\n1,2\n')
  const read = (name: string, limit: number) =>
    readTables({ files: [join(base, name)] }, 'present', createMemoryBudget(limit, 95e6))
  const full = await read('a.csv', 100e6).catch((error: Error) => error.message)
  takeAdvice(t, String(full), /leave out rows or columns, or give the process more memory$/)
  await t.resolves(read('few.csv', 100e6))
  await t.resolves(read('a.csv', 300e6))

  writeFileSync(join(base, 'two.zip'), zipSync({ 'a.csv': table, 'b.csv': table }))
  const two = await read('two.zip', 300e6).catch((error: Error) => error.message)
  takeAdvice(t, String(two), /unpack it and name the one to read$/)
  writeFileSync(join(base, 'b.csv'), table)
  await t.resolves(read('b.csv', 300e6))
  writeFileSync(join(base, 'a.xls'), Buffer.from('d0cf11e0a1b11ae1', 'hex'))
  const old = await read('a.xls', 300e6).catch((error: Error) => error.message)
  takeAdvice(t, String(old), /save it as \.xlsx or CSV$/)

  const open = () => openModelWriter(join(base, 'out'), 'beside_others')
  const foreign = await open().catch((error: Error) => error.message)
  takeAdvice(t, String(foreign), /holds "metrics\.json"; remove what has the names/)
  rmSync(join(base, 'out/metrics.json'))
  await (await open()).release()
})

t.test('plots', async (t) => {
  const app = await buildTestApp(t)
  const rows = `[${[
    row({ Sex: 'male', Pclass: 3, Name: 'Doe, Mr. John' }),
    row({ Sex: 'female', Pclass: 1, Name: 'Doe, Mrs. Jane' }),
  ].join(',')}]`
  const cases: readonly [string, string, RegExp, readonly string[]][] = [
    [
      'two rows in a plot of one',
      '/explain?plot=waterfall',
      /choose one with the option row$/,
      ['/explain?plot=waterfall&row=1', '/explain?plot=force&row=2'],
    ],
    [
      'two outputs',
      '/explain?plot=beeswarm&output=all',
      /choose one class with the option output, there are "0", "1"$/,
      ['/explain?plot=beeswarm&output=0', '/explain?plot=decision&output=1'],
    ],
    [
      'another output per row',
      '/explain?plot=bar&output=predicted',
      /choose all or one of 0, 1 as output, and leave out top$/,
      ['/explain?plot=bar&output=all', '/explain?plot=bar&output=1'],
    ],
    [
      'the largest values of every row',
      '/explain?plot=beeswarm&top=2',
      /leave out the option top and say max_bars for how many it shows$/,
      ['/explain?plot=beeswarm&max_bars=2'],
    ],
    [
      'one row of a model',
      '/explain/global?plot=force',
      /send it to \/explain, or name a file$/,
      ['/explain?plot=force&row=1'],
    ],
    [
      'too many pixels',
      '/explain/global?plot=tree&max_depth=10&scale=4',
      /ask for scale=1, a smaller plot or image\/svg\+xml$/,
      [
        '/explain/global?plot=tree&max_depth=10&scale=1',
        '/explain/global?plot=tree&max_depth=2&scale=4',
      ],
    ],
  ]
  for (const [name, url, advice, followed] of cases) {
    const ask = (path: string, accept = 'image/png') =>
      path.startsWith('/explain/global')
        ? app.inject({ url: path, headers: { accept } })
        : post(app, path, 'application/json', rows, { accept })
    const mistake = await ask(url)
    t.not(mistake.statusCode, 200, name)
    takeAdvice(t, mistake.json<{ detail: string }>().detail, advice)
    for (const path of followed) t.equal((await ask(path)).statusCode, 200, path)
    if (/svg/.test(advice.source))
      t.equal((await ask(url, 'image/svg+xml')).statusCode, 200, 'as SVG')
  }
})

t.test('importing', async (t) => {
  const stored = join(import.meta.dirname, '../data/xgboost-model')
  const base = t.testdir({ packed: { 'xgboost-model': readFileSync(stored) }, unpacked: {} })
  const into = ['--model-dir', join(base, 'model')]
  const named = ['import', stored, ...into, '--target']
  takeAdvice(t, await refusal(t, [...named, 'f0']), /name another with --target$/)
  await t.resolves(command([...named, 'y']))

  for (const [flags, name] of [
    // Called like archives they would be read.
    ['-czf', 'model.packed'],
    ['-cf', 'model.archive'],
  ] as const) {
    const packed = join(base, name)
    execFileSync('tar', [flags, packed, '-C', join(base, 'packed'), 'xgboost-model'])
    const mistake = await refusal(t, ['import', packed, ...into])
    const unpacking = takeAdvice(t, mistake, /unpack it \((.*)\) and import the file in it/)
    const member = takeAdvice(t, mistake, /such as ([\w-]+)$/)
    execFileSync('sh', ['-c', unpacking.replace(/\S+$/, packed)], { cwd: join(base, 'unpacked') })
    await t.resolves(command(['import', join(base, 'unpacked', member), ...into]), name)
  }

  const { document } = makeModel({
    ...{ seed: 1, classes: 0, parallel: 1, rounds: 3 },
    ...{ categories: true, dart: 'none', vectors: 'none' },
  })
  delete document.learner.gradient_booster.model?.cats
  writeFileSync(join(base, 'codes.json'), JSON.stringify(document))
  writeFileSync(join(base, 'names.json'), JSON.stringify({ colour: COLOURS }))
  const codes = ['import', join(base, 'codes.json'), ...into]
  const flag = takeAdvice(t, await refusal(t, codes), /give (--categories)$/)
  await t.resolves(command([...codes, flag, join(base, 'names.json')]))

  await t.test('a pickle', async (t) => {
    writeFileSync(join(base, 'model.pkl'), Buffer.from('\x80\x04\x95sklearn', 'latin1'))
    const message = await refusal(t, ['import', join(base, 'model.pkl'), ...into])
    // What these lines write is imported in test/import/golden.test.ts: Python is not here to run them.
    takeAdvice(t, message, /in Python: (import joblib, skops\.io; skops\.io\.dump\(.*\))$/)
  })

  await t.test('a directory of neither kind', async (t) => {
    const directory = t.testdir({ 'model.ubj': readFileSync(stored) })
    takeAdvice(t, await refusal(t, ['import', directory, ...into]), /name the file of the model$/)
    await t.resolves(command(['import', join(directory, 'model.ubj'), ...into]))
  })

  await t.test('a model without counts of training rows', async (t) => {
    const { document } = makeModel({
      ...{ seed: 2, classes: 3, parallel: 1, rounds: 2 },
      ...{ categories: false, dart: 'none', vectors: 'old' },
    })
    const model = join(base, 'vectors.json')
    const rows = join(base, 'rows.csv')
    writeFileSync(model, JSON.stringify(document))
    writeFileSync(rows, 'a,b,c,colour\n0.1,0.2,0.3,1\n0.4,0.1,0.9,2\n')
    const explain = (...flags: string[]) => [
      ...['explain', rows, ...into, '--jobs', '1', '--out', join(base, 'out'), ...flags],
    ]
    await command(['import', model, ...into])
    const option = takeAdvice(t, await refusal(t, explain()), /to the import with (--background)$/)
    await t.resolves(command(['import', model, ...into, option, rows]))
    const advice = /ask for method=(\w+), without interactions$/
    for (const mistake of [['--interactions'], ['--method', 'tree_path_dependent']]) {
      const method = takeAdvice(t, await refusal(t, explain(...mistake)), advice)
      await t.resolves(command(explain('--method', method)))
    }
  })
})

t.test('the flag beside every column of a plan changes it', async (t) => {
  const frame = readCsvTable(`${table.replace('n,half', "n,it's half")}`)
  const { columns } = runSteps(inferPlan(frame, 'y'))
  t.equal(columns.length, 5)
  for (const { column, role, override } of columns) {
    if (override === undefined) {
      t.equal(column, 'same', 'a column of one value stays out')
      continue
    }
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${override}`], { encoding: 'utf8' })
    const [flag = '', name = ''] = words.trimEnd().split('\n')
    t.equal(name, column, 'one word of a shell')
    const asked = new Map([[name, flag.slice(2) as typeof role]])
    const changed = runSteps(inferPlan(frame, 'y', asked)).columns.find(
      (other) => other.column === column,
    )
    t.not(changed?.role, role, override)
  }
})

t.test('training jobs', async (t) => {
  const rows = Array.from({ length: 60 }, (_, i) => `${['no', 'yes'][i % 2]},${i % 7},${i % 5}`)
  const file = ['outcome,a,b', ...rows].join('\n')
  const texts = ['outcome,kind', ...rows.map((text, i) => `${text.split(',')[0]},k${i % 5}`)]
  const job = async (t: Test, settings: object, data = file, input: object = {}) => {
    const { base } = await layOut(t, {
      'input/data/train/a.csv': data,
      [hyperparameters]: { estimator: 'decision_tree', ...settings },
      [inputDataConfig]: input,
    })
    await runTraining({
      ...(await readSageMakerRequest({ SAGEMAKER_BASE_DIR: base })),
      quiet: true,
    })
  }
  const refused = async (t: Test, ...args: [object, string?, object?]) => {
    try {
      await job(t, ...args)
    } catch (error) {
      return (error as Error).message
    }
    return t.fail('not refused') ? '' : ''
  }
  takeAdvice(
    t,
    await refused(t, {}),
    /set the hyperparameter target to the label's column, or header to present or absent/,
  )
  await t.resolves(job(t, { target: 'outcome' }))
  await t.resolves(job(t, { header: 'absent' }, rows.join('\n')))
  await t.resolves(job(t, { target: 'outcome' }, texts.join('\n')))
  const pipe = (mode: string) => ({ train: { TrainingInputMode: mode } })
  takeAdvice(t, await refused(t, {}, file, pipe('Pipe')), /use File or FastFile/)
  for (const mode of ['File', 'FastFile'])
    await t.resolves(job(t, { target: 'outcome' }, file, pipe(mode)), mode)
})

t.test('predict and explain', async (t) => {
  const rows = `${header}\n${csv}\n`
  const base = t.testdir({ 'a.csv': rows, 'a.parquet.gz': gzipSync('PAR1'), outer: {} })
  const [input, out] = [join(base, 'a.csv'), join(base, 'out')]
  const model = ['--model-dir', checkpoint, '--jobs', '1']
  const explainTo = (path: string, ...flags: string[]) => [
    ...['explain', input, ...model, '--out', path, ...flags],
  ]
  const cases: [string, string[], RegExp, (named: string) => string[][]][] = [
    [
      'a format',
      explainTo(out, '--format', 'jsnl'),
      /did you mean "(\w+)"\?/,
      (name) => [explainTo(out, '--format', name)],
    ],
    [
      'a column that is frozen',
      explainTo(`${out}.json`, '--counterfactual', '1', '--freeze', 'age'),
      /did you mean "(\w+)"\?/,
      (name) => [explainTo(`${out}.json`, '--counterfactual', '1', '--freeze', name)],
    ],
    [
      'a name and a format',
      explainTo(`${out}.json`, '--format', 'csv'),
      /leave out --format or change the name/,
      () => [explainTo(`${out}.json`), explainTo(`${out}.csv`, '--format', 'csv')],
    ],
    [
      'a name of what is not written',
      explainTo(`${out}.xlsx`),
      /name a file that ends in (.*)$/,
      (endings) => endings.split(/, | or /).map((ending) => explainTo(`${out}${ending}`)),
    ],
    ['the input', explainTo(input), /name another file to write/, () => [explainTo(out)]],
    [
      'a file of the model',
      explainTo(join(checkpoint, 'metrics.json')),
      /name another file to write/,
      () => [explainTo(out)],
    ],
    [
      'Parquet that is packed',
      ['predict', join(base, 'a.parquet.gz'), ...model, '--out', out],
      /unpack it first/,
      () => [],
    ],
    [
      'a directory too high',
      ['predict', input, '--model-dir', join(base, 'outer'), '--out', out],
      /there is a model in "(.*)"$/,
      (path) => [['predict', input, '--model-dir', path, '--out', out]],
    ],
  ]
  execFileSync('cp', ['-r', checkpoint, join(base, 'outer/model')])
  t.equal(gunzipSync(readFileSync(join(base, 'a.parquet.gz'))).toString(), 'PAR1')
  for (const [name, mistake, advice, next] of cases)
    await t.test(name, async (t) => {
      const named = takeAdvice(t, await refusal(t, mistake), advice)
      for (const args of next(named)) await t.resolves(command(args), args.join(' '))
    })
})

t.test('on SageMaker', async (t) => {
  const train = (...args: string[]) =>
    readMachine(flagsOf<LaunchTrainFlags>(declareLaunchTrain, ['a.csv', ...args]))
  const deploy = (...args: string[]) =>
    readDeployment(flagsOf<DeployFlags>(declareLaunchDeploy, ['m', ...args]))
  const rows = (...args: string[]) =>
    planRowsInS3(
      's3://b-b/x/',
      flagsOf<TransformFlags>(declareLaunchTransform, ['m', 'x', ...args]),
    )
  const space = await searchSpaceOf({ engine: 'native', estimator: 'logistic_regression' })
  const all = { penalty: 'l2', C: '1', class_weight: 'none' }
  const { C: _, ...fewer } = all
  const cases: [mistake: () => unknown, advice: RegExp, next: (() => unknown)[]][] = [
    [
      () => train('--max-wait', '99999'),
      /add --spot$/,
      [() => train('--max-wait', '99999', '--spot')],
    ],
    [
      () => deploy('--memory', '2048'),
      /is for --serverless; add it, or leave out --memory$/,
      [() => deploy('--memory', '2048', '--serverless'), () => deploy()],
    ],
    [() => rows(), /add --input-format$/, [() => rows('--input-format', 'jsonl')]],
    [
      () => rangesOf(space, all),
      /leave out a --set, or use sagemaker train$/,
      [() => rangesOf(space, fewer)],
    ],
  ]
  for (const [mistake, advice, next] of cases) {
    const [error] = [mistake].map((run) => {
      try {
        run()
      } catch (error) {
        return error as Error
      }
      return new Error('not refused')
    })
    takeAdvice(t, error?.message ?? '', advice)
    for (const run of next) t.doesNotThrow(run)
  }
  const place = { bucket: 'b-b', key: 'k' }
  const base = t.testdir({ one: {}, two: {} })
  for (const name of ['one/m', 'two/m', 'two/n'])
    execFileSync('cp', ['-r', checkpoint, join(base, name)])
  const models = (...names: string[]) =>
    planModels(
      names.map((name) => join(base, name)),
      place,
    )
  const twice = await models('one/m', 'two/m').catch((error: Error) => error)
  takeAdvice(t, (twice as Error).message, /give one of the directories another name$/)
  await t.resolves(models('one/m', 'two/n'))
})

// Numbers alone

t.test('arrays of numbers', async (t) => {
  const base = t.testdir({ 'a.csv': table })
  const modelDir = join(base, 'model')
  const drop = ['--drop', 'colour', '--drop', 'code', '--numeric', 'half']
  await command([
    'train',
    join(base, 'a.csv'),
    ...quickly,
    ...drop,
    '--target',
    'y',
    '--model-dir',
    modelDir,
  ])
  const app = await buildTestApp(t, { model: await readModelDirectory(modelDir) })
  const type = 'application/x-npy'
  const good: Asked = { type, body: array }
  const floats = new Uint8Array(new Float32Array([1, 2]).buffer)
  const integers = new Uint8Array(new Int32Array([1, 2]).buffer)
  const mistakes: [string, Uint8Array, RegExp, Asked[]][] = [
    ['a zip', Buffer.from('PK\x03\x04'), /send one array as np\.save writes it/, [good]],
    ['a version to come', npy("'<f8'", '(1, 2)', numbers, 9), /send 1\.0, 2\.0 or 3\.0/, [good]],
    ['three dimensions', npy("'<f8'", '(1, 1, 2)', numbers), /send rows × columns/, [good]],
    [
      'texts',
      npy("'<U1'", '(1, 2)', numbers),
      /send <f8, <f4, or integers/,
      [
        good,
        { type, body: npy("'<f4'", '(1, 2)', floats) },
        { type, body: npy("'<i4'", '(1, 2)', integers) },
      ],
    ],
    [
      'records',
      npy("[('a', '<f8'), ('b', '<f8')]", '(1,)', numbers),
      /send one type of number/,
      [good],
    ],
  ]
  for (const [name, body, advice, next] of mistakes)
    await follow(t, app, [name, { type, body }, advice, () => next])
})

// Flags with names

/** Returns what a shell makes of a flag with its value, as the command's parser takes it. */
function typed(words: string): readonly string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words}`]).toString()
  const [flag = '', ...values] = printed.split('\0').slice(0, -1)
  const at = flag.indexOf('=')
  return at < 0 ? [flag, ...values] : [flag.slice(0, at), flag.slice(at + 1), ...values]
}

t.test('flags name columns as a shell takes them', (t) => {
  const names = ['Body Mass (g)', "it's", '-x', '--force', '$HOME', 'a;b', '*', '#', 'größe', '"q"']
  const label = (row: number) => ((row * 7) % 5) % 2
  const kinds: [string, (name: string) => string | undefined][] = [
    [
      'the plan',
      (name) => {
        const cells = Array.from({ length: 60 }, (_, row) => row % 37)
        const frame = readCsvTable(
          `${quoted(name)},y\n${cells.map((c, i) => `${c},${label(i)}`).join('\n')}`,
        )
        return runSteps(inferPlan(frame, 'y')).columns.find(({ column }) => column === name)
          ?.override
      },
    ],
    [
      'spellings',
      (name) => {
        const rows = Array.from(
          { length: 60 },
          (_, row) => `${['Male', 'male', 'Female', 'F'][row % 4]},${row % 7},${label(row)}`,
        )
        const frame = readCsvTable(`${quoted(name)},n,y\n${rows.join('\n')}`)
        const { plan } = runSteps(inferPlan(frame, 'y'))
        const y = Int32Array.from({ length: 60 }, (_, row) => label(row))
        const said = runSteps(describeDoubts(frame, plan, y, 2)).join('\n')
        return /--merge.*?(?=$)/m.exec(said)?.[0]
      },
    ],
  ]
  for (const [kind, advise] of kinds)
    for (const name of names) {
      const words = advise(name)
      if (words === undefined) t.fail(`${kind}: nothing said of ${name}`)
      else t.equal(typed(words)[1], name, `${kind}: ${words}`)
    }
  for (const name of names) t.strictSame(typed(flagWith('--drop', name)), ['--drop', name])
  t.end()
})

t.test('no flag is written with a bare value', (t) => {
  const source = join(import.meta.dirname, '../src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const bare = files
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.generated.ts'))
    .flatMap((path) =>
      readFileSync(join(source, path), 'utf8')
        .split('\n')
        .filter((line) => /--[a-z-]+[ =]\$\{|--\$\{[^}]*\}[ =]\$\{/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    )
    // What a flag was given is quoted as other values are; an encoding's name needs nothing.
    .filter((line) => !/--out \$\{quote\(|--encoding \$\{WINDOWS\}/.test(line))
  t.strictSame(bare, [])
  t.end()
})

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

// All advice

/** Advice that no case above follows, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  'use CSV or JSON Lines, which are read and written in parts': 'needs half a gigabyte of JSON',
  'write the file with smaller row groups': 'needs a row group of 33 million rows',
  'save it with save_model(':
    'test/import/catboost.test.ts reads files that were saved with their pool',
  'leave the column out': 'test/import/skops.test.ts reads transformers whose columns have values',
  'choose json or jsonl':
    'test/commands/rows/run-rows.test.ts: every explanation is written as both',
  'use HTTP/1.1': 'test/http/app.test.ts asks in this version and in others',
  'send chunked, and gzip as Content-Encoding':
    'test/http/app.test.ts and gzip-body.test.ts send it so',
  'save it as CSV': 'a sheet of 14 billion cells cannot be one of CSV either; others are read',
  'name the file, or leave out': 'test/commands/plot.test.ts: a plot with a file takes the flags',
  // What AWS says is in test/commands/sagemaker/launcher/errors.test.ts; whether the advice helps, AWS alone knows.
  'choose another --instance, delete what is not needed, or ask for more under Service Quotas':
    'a quota is an account of AWS',
  'choose another name, or wait until what has it is done': 'a name is taken at AWS',
  'use one of the job': 'a bucket has its region at AWS',
  'make it (aws s3 mb), or leave out --output': 'a bucket is made at AWS',
  'name one of yours with --output s3://BUCKET/PREFIX': 'a bucket belongs to somebody at AWS',
  'ask for fewer rows at once: --batch-bytes 32768': 'endpoints.test.ts sends 700 bytes at once',
  'remove it in the console, or by aws sagemaker delete-…': 'what AWS refuses to delete is there',
  'name the directory of shapserve': 'endpoints.test.ts pushes a directory with a Dockerfile',
  'leave out --no-wait': 'jobs.test.ts waits for the answers that it fetches',
  'leave out --format': 'jobs.test.ts asks for explanations of a transform',
  'name a file of such rows with --baseline':
    'test/commands/monitor/monitor.test.ts compares a model without a profile with one',
  'name another place': 'test/commands/monitor/monitor.test.ts writes results beside what is read',
  'choose the engine': 'test/training/choose-estimator.test.ts: every engine has every estimator',
}

t.test('no advice is without a case', (t) => {
  const verbs =
    'add|ask for|change|choose|delete|give|group them|leave|make|name|remove|save|send|set|unpack|use|write'
  const pattern = new RegExp(`(?:; |^ *[?:] ')((?:${verbs})\\b[^\`'"$<]*)`, 'g')
  const source = join(import.meta.dirname, '../src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const advice = files
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.generated.ts'))
    .flatMap((path) => readFileSync(join(source, path), 'utf8').split('\n'))
    // Descriptions of flags and settings are no answers to a mistake.
    .filter((line) => !/^\s*(\*|\/\/|\/\*\*)|description|\.option\(/.test(line))
    .flatMap((line) => [...line.matchAll(pattern)].map(([, text]) => (text as string).trim()))
  t.ok(advice.length > 30, 'some is found', { advice })
  const known = [...given, ...Object.keys(elsewhere)]
  t.strictSame(
    advice.filter((text) => !known.some((message) => message.includes(text))),
    [],
  )
  t.strictSame(
    Object.keys(elsewhere).filter(
      (text) => !advice.some((found) => found.includes(text) || text.includes(found)),
    ),
    [],
    'every reason is for advice that is given',
  )
  t.end()
})
