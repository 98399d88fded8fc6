/** The built command as a process: train, serve, ask, stop. */
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { cli, shapserve, startServing } from './command.ts'

const titanicRow = {
  Pclass: 1,
  Name: 'Cumings, Mrs. John',
  Sex: 'female',
  Age: 38,
  SibSp: 1,
  Parch: 0,
}
const json = { 'content-type': 'application/json' }

t.test('train, serve, ask and stop', async (t) => {
  const model = join(t.testdir(), 'model')
  const trained = await shapserve([
    ...['train', 'data/penguins.csv', '--target', 'species'],
    ...['--estimator', 'decision_tree', '--model-dir', model],
  ])
  t.equal(trained.status, 0, trained.stderr)
  t.match(trained.stderr, /bill_length_mm\s+numeric\s+number; 2 missing of 344 stay missing/)
  t.match(trained.stdout, /accuracy/)

  const { child, url, output } = await startServing(process.execPath, [
    ...[cli, 'serve', '--model-dir', model, '--port', '0'],
  ])
  t.teardown(() => child.kill('SIGKILL'))
  t.equal((await fetch(`${url}/ping`)).status, 200)
  const row = 'Biscoe,46.1,13.2,211,4500,female,2007'
  const predicted = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: row,
  })
  const { predictions } = (await predicted.json()) as { predictions: { predicted_label: string }[] }
  t.equal(predictions[0]?.predicted_label, 'Gentoo')
  const explained = await fetch(`${url}/explain?output=all`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: row,
  })
  const { explanations } = (await explained.json()) as {
    explanations: { additivity_error: number; shap_values: number[][] }[]
  }
  t.ok((explanations[0]?.additivity_error ?? 1) <= 1e-12)
  t.same(
    explanations[0]?.shap_values.map((values) => values.length),
    [7, 7, 7],
  )

  const closed = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await closed, [0, null], 'exit status 0')
  const log = output()
  t.match(log, /"path":"\/invocations","status":200/)
  t.notMatch(log, /"path":"\/ping"/, 'pings are not logged')
  t.notMatch(log, /46\.1/, 'rows are not logged')
})

t.test('requests in flight are answered after SIGTERM', async (t) => {
  const { child, url } = await startServing(process.execPath, [
    ...[cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0'],
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const body = JSON.stringify(Array.from({ length: 5000 }, () => titanicRow))
  const inFlight = Array.from({ length: 3 }, () =>
    fetch(`${url}/explain`, { method: 'POST', headers: json, body }),
  )
  // The first answer proves that the worker runs; the others are waiting behind it.
  const first = await Promise.race(inFlight)
  const closed = once(child, 'exit')
  child.kill('SIGTERM')
  for (const answer of await Promise.all(inFlight)) {
    t.equal(answer.status, 200)
    t.equal(((await answer.json()) as { explanations: unknown[] }).explanations.length, 5000)
  }
  t.equal(first.status, 200)
  t.same(await closed, [0, null])
})

t.test('large bodies are answered by a worker, byte for byte as small ones', async (t) => {
  const { child, url, output } = await startServing(process.execPath, [
    ...[cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0'],
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const ask = (path: string, type: string, body: string) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })

  const small = await (
    await ask('/invocations', 'application/json', JSON.stringify([titanicRow]))
  ).text()
  const one = small.slice('{"predictions":['.length, -2)
  const large = await ask(
    ...(['/invocations', 'application/json'] as const),
    JSON.stringify(Array.from({ length: 90_000 }, () => titanicRow)),
  )
  t.equal(large.status, 200)
  t.equal(await large.text(), `{"predictions":[${new Array(90_000).fill(one).join(',')}]}`)

  const oneLine = await ask('/invocations', 'text/csv', `1,"${'x'.repeat(20_000_000)}`)
  t.equal(oneLine.status, 400)
  t.match(await oneLine.json(), { code: 'invalid_csv', errors: [{ row: 1 }] })
  const quotes = await ask('/invocations', 'text/csv', '"'.repeat(20_000_000))
  t.equal(quotes.status, 400)
  t.match(await quotes.json(), { code: 'wrong_width' })
  t.match(output(), /"worker":1/)

  const pings = await Promise.all([
    ask(
      '/explain',
      'application/json',
      JSON.stringify(Array.from({ length: 20_000 }, () => titanicRow)),
    ),
    fetch(`${url}/ping`),
  ])
  t.same(
    pings.map(({ status }) => status),
    [200, 200],
  )
})

t.test('the bare word train reads the /opt/ml layout', async (t) => {
  const base = t.testdir()
  const env = { SAGEMAKER_BASE_DIR: base }
  const write = async (path: string, text: string) => {
    await mkdir(join(base, path, '..'), { recursive: true })
    await writeFile(join(base, path), text)
  }
  const rows = Array.from({ length: 100 }, (_, i) => `${i % 2},${(i % 2) + i / 1000},${i},${-i}`)
  await write('input/data/train/part-0.csv', rows.join('\n'))
  await write(
    'input/config/hyperparameters.json',
    '{"algorithm":"decision_tree","max_depth":"4","sagemaker_region":"x"}',
  )
  const done = await shapserve(['train'], { env })
  t.equal(done.status, 0, done.stderr)
  t.match(done.stdout, /^validation:accuracy=1;$/m)
  t.notMatch(done.stdout, '\t')

  const { child, url } = await startServing(process.execPath, [cli, 'serve'], {
    env: { SM_MODEL_DIR: join(base, 'model'), SAGEMAKER_BIND_TO_PORT: '0' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const answer = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', accept: 'text/csv' },
    body: '1.001,1,-1\n0.002,2,-2',
  })
  t.equal(await answer.text(), '1\n0\n')

  await write(
    'input/config/hyperparameters.json',
    '{"algorithm":"random_forest","n_estimators":"abc","nestimators":"1"}',
  )
  const before = await readFile(join(base, 'model/manifest.json'))
  const failed = await shapserve(['train'], { env })
  t.equal(failed.status, 1)
  const reason = await readFile(join(base, 'output/failure'), 'utf8')
  t.match(reason, /n_estimators is "abc", expected a whole number from 1 to 1000/)
  t.match(reason, /unknown parameter "nestimators"; did you mean "n_estimators"/)
  t.same(await readFile(join(base, 'model/manifest.json')), before, 'the old model stays')
})

t.test('exit statuses and one-line reasons', async (t) => {
  const cases: [string[], number, RegExp][] = [
    [
      ['serve', '--model-dir', 'nowhere'],
      1,
      /^shapserve: there is no model directory "nowhere"\n$/,
    ],
    [['serve', '--port', 'abc'], 1, /--port is "abc", expected a whole number from 0 to 65535/],
    [['serve', '--multi-model', 'maybe'], 1, /--multi-model is "maybe", expected true or false/],
    [
      ['serve', '--log-level', 'silent', '--enable-explanations', 'score >'],
      1,
      /^shapserve: --enable-explanations: the condition "score >" cannot be evaluated: .*\n$/,
    ],
    [
      ['train', 'data/penguins.csv', '--target', 'species', '--set', 'n_estimators=1000001'],
      1,
      /from 1 to 1000000/,
    ],
    [
      ['predict', 'nofile.csv', '--model-dir', 'model_checkpoint'],
      1,
      /the file "nofile\.csv" does not exist/,
    ],
    [
      ['train', 'data/penguins.csv', '--target', 'specie'],
      1,
      /no target column "specie".*did you mean "species"/,
    ],
    [
      ['train', 'data/penguins.csv', '--target', 'species', '--estimator', 'forest'],
      1,
      /--estimator is "forest"/,
    ],
    [
      ['train', 'data/penguins.csv', '--target', 'species', '--set', 'n_estimators=-1'],
      1,
      /from 1 to 1000/,
    ],
    [
      ['explain', 'data/titanic.csv', '--model-dir', 'model_checkpoint', '--output', '7'],
      1,
      /output is "7"/,
    ],
    [['trian'], 2, /Did you mean train/],
    [['serve', '--prot', '1'], 2, /unknown option '--prot'/],
  ]
  const model = join(t.testdir(), 'model')
  for (const [args, status, message] of cases) {
    const result = await shapserve(args, {
      env: { SM_MODEL_DIR: model, SAGEMAKER_BASE_DIR: model },
    })
    t.equal(result.status, status, args.join(' '))
    t.match(result.stderr, message)
    t.equal(result.stdout, '')
  }
})

t.test('predict and explain give the bytes of the routes', async (t) => {
  const { child, url } = await startServing(process.execPath, [
    ...[cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0'],
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const body = await readFile('data/titanic.csv', 'utf8')
  for (const [operation, path] of [
    ['predict', '/invocations'],
    ['explain', '/explain'],
  ] as const) {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', accept: 'text/csv' },
      body,
    })
    const offline = await shapserve([
      operation,
      'data/titanic.csv',
      '--model-dir',
      'model_checkpoint',
    ])
    t.equal(offline.stdout, await answer.text(), operation)
  }
  const piped = await shapserve(['predict', '-', '--model-dir', 'model_checkpoint'], {
    input: JSON.stringify(titanicRow),
  })
  t.match(JSON.parse(piped.stdout), { predictions: [{ predicted_label: 1 }] })
})

t.test('inspect verifies and shows', async (t) => {
  const shown = await shapserve(['inspect', 'model_checkpoint'])
  t.equal(shown.status, 0)
  t.match(shown.stdout, /random_forest, engine native: 24 trees/)
  t.match(JSON.parse((await shapserve(['inspect', 'model_checkpoint', '--json'])).stdout), {
    target: 'Survived',
  })
  t.ok((await stat(cli)).mode & 0o100, 'the command is executable')
})
