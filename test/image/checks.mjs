/** What must hold of the two images: a list of titles and functions, which may return a fact to print. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textCell, workbook } from '../workbook.ts'
import { freePort, runContainer, serveInContainer } from './containers.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TOKEN = 'a-token-of-the-test-of-the-image-long-enough'
const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const passenger = readFileSync(join(root, 'data/passenger.json'), 'utf8')
/** Where a container has what it writes; its commands name files from there. */
const VOLUME = '/mnt'
/** Mebibytes on disk of what production needs of packages, and of all that stands above the base. */
const MOST_MODULES = 25
const MOST_ABOVE = 120

export function checks(builder, { service, sagemaker }) {
  const directory = mkdtempSync(join(tmpdir(), 'shapserve-image-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const own = (image, options) => runContainer(builder, image, options)
  return [
    ['what the images say of themselves', () => describe(builder, service, sagemaker)],
    ['what is in it', () => measure(own, service)],
    ['every package has its place in the SBOM and its licence', () => listPackages(own, service)],
    ['code compiled for root and uid 65532 is found', () => findCache(own, service)],
    ['it does not start open', () => refuseOpen(own, service)],
    ...['0:0', '12345:12345'].map((user) => [
      `train, serve, ping, invocations, explain, SIGTERM as ${user}`,
      () => live(builder, service, user, directory),
    ]),
    ['what is loaded when it is asked for', () => loadAll(builder, service, directory)],
    ["SageMaker's training and endpoint", () => liveOnSageMaker(builder, sagemaker, directory)],
  ]
}

function describe(builder, service, sagemaker) {
  const { version, license, name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [config, other] = [service, sagemaker].map(builder.inspect)
  assert.equal(config.User, '65532:65532')
  assert.match(other.User ?? '', /^(|root|0(:0)?)$/)
  for (const { Labels, Healthcheck, Cmd } of [config, other]) {
    assert.equal(Labels['org.opencontainers.image.title'], name)
    assert.equal(Labels['org.opencontainers.image.version'], version)
    assert.equal(Labels['org.opencontainers.image.licenses'], license)
    assert.deepEqual(Healthcheck.Test, ['CMD', 'node', '/app/healthcheck.mjs'])
    assert.deepEqual(Cmd, ['serve'])
  }
  const label = 'com.amazonaws.sagemaker.capabilities.multi-models'
  assert.deepEqual(
    [config, other].map(({ Labels }) => Labels[label]),
    [undefined, 'true'],
  )
  const open = ({ Env }) => Env.includes('ALLOW_UNAUTHENTICATED=true')
  assert.deepEqual([config, other].map(open), [false, true])
}

/** Runs a script of Node in the image and returns the JSON that it prints. */
function evaluate(own, image, script, options = {}) {
  const { status, stdout, stderr } = own(image, {
    entrypoint: 'node',
    args: ['-e', script],
    ...options,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

function measure(own, image) {
  const script = `
    const size = (path) => {
      const facts = fs.lstatSync(path)
      const below = facts.isDirectory() ? fs.readdirSync(path) : []
      return facts.blocks * 512 + below.reduce((sum, name) => sum + size(path + '/' + name), 0)
    }
    const parts = fs.readdirSync('/app').map((name) => [name, size('/app/' + name) / 2 ** 20])
    console.log(JSON.stringify(Object.fromEntries(parts)))`
  const parts = evaluate(own, image, script)
  const total = Object.values(parts).reduce((sum, size) => sum + size, 0)
  assert.ok(parts.node_modules <= MOST_MODULES, `node_modules has ${parts.node_modules} MiB`)
  assert.ok(total <= MOST_ABOVE, `/app has ${total} MiB`)
  const shown = Object.entries(parts).sort(([, a], [, b]) => b - a)
  return `/app ${total.toFixed(1)} MiB (${shown.map(([name, size]) => `${name} ${size.toFixed(1)}`).join(', ')})`
}

function listPackages(own, image) {
  const script = `
    const found = []
    const visit = (modules) => {
      for (const name of fs.readdirSync(modules)) {
        if (name.startsWith('.')) continue
        const folder = modules + '/' + name
        if (name.startsWith('@')) { visit(folder); continue }
        if (fs.existsSync(folder + '/node_modules')) visit(folder + '/node_modules')
        const { name: own, version } = JSON.parse(fs.readFileSync(folder + '/package.json', 'utf8'))
        found.push(own + '@' + version)
      }
    }
    visit('/app/node_modules')
    const sbom = JSON.parse(fs.readFileSync('/app/sbom.cdx.json', 'utf8'))
    const bundled = JSON.parse(fs.readFileSync('/app/dist/bundled-packages.json', 'utf8'))
    console.log(JSON.stringify({ found, bundled, sbom, licences: fs.readdirSync('/app/licenses', { recursive: true }) }))`
  const { found, bundled, sbom, licences } = evaluate(own, image, script)
  const listed = sbom.components.map((component) => component['bom-ref'])
  assert.deepEqual(
    found.filter((ref) => !listed.includes(ref)),
    [],
  )
  const names = new Set(sbom.components.map(({ name }) => name))
  const bundledNames = bundled.map((folder) =>
    folder.slice(folder.lastIndexOf('node_modules/') + 13),
  )
  assert.deepEqual(
    bundledNames.filter((name) => !names.has(name)),
    [],
  )
  const here = new Set(found.map((ref) => ref.slice(0, ref.lastIndexOf('@'))))
  const apart = bundledNames.filter((name) => !here.has(name))
  const without = apart.filter((name) => !licences.some((file) => file.startsWith(`${name}/`)))
  for (const needed of ['typescript', 'tap', 'esbuild', '@biomejs/biome'])
    assert.ok(!names.has(needed), `${needed} is not in it`)
  assert.equal(sbom.metadata.component.name, 'shapserve')
  return `${listed.length} packages, ${found.length} of them as files${without.length > 0 ? `; no licence text comes with ${without.join(', ')}` : ''}`
}

function findCache(own, image) {
  const script = "console.log(JSON.stringify(require('node:module').getCompileCacheDir() ?? null))"
  for (const user of ['0:0', '65532:65532', undefined]) {
    const found = evaluate(own, image, script, { user })
    assert.match(found ?? '', new RegExp(`^/app/.cache/v.*-${user === '0:0' ? 0 : 65532}$`))
    const { stderr } = own(image, {
      user,
      args: ['--version'],
      env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    })
    const accepted = stderr.match(/was accepted/g)?.length ?? 0
    assert.ok(accepted > 0, `compiled code is used: ${stderr.slice(0, 400)}`)
  }
  const { status } = own(image, { user: '12345:12345', args: ['--version'] })
  assert.equal(status, 0, 'another uid runs without')
}

function refuseOpen(own, image) {
  const { status, stderr } = own(image, {
    mounts: [{ from: join(root, 'model_checkpoint'), to: '/opt/ml/model', isReadOnly: true }],
  })
  assert.equal(status, 1)
  assert.match(stderr, /^shapserve: .*token.*\n$/)
  return stderr.trim()
}

async function live(builder, image, user, directory) {
  const work = join(directory, `work-${user.split(':')[0]}`)
  mkdirSync(work)
  chmodSync(work, 0o777)
  const data = { from: join(root, 'data'), to: '/data', isReadOnly: true }
  const trained = runContainer(builder, image, {
    user,
    mounts: [data, { from: work, to: VOLUME, isReadOnly: false }],
    workdir: VOLUME,
    args: 'train ../data/titanic.csv --plan ../data/titanic.plan.json --model-dir model'
      .split(' ')
      .concat(['--set', 'n_estimators=10', '--set', 'max_depth=4', '--quiet']),
  })
  assert.equal(trained.status, 0, trained.stderr)
  const tokens = join(directory, 'tokens')
  writeFileSync(tokens, `${TOKEN}\n`)
  const server = await serveInContainer(builder, image, {
    user,
    mounts: [
      { from: join(work, 'model'), to: '/opt/ml/model', isReadOnly: true },
      { from: tokens, to: '/tokens', isReadOnly: true },
    ],
    env: { AUTH_TOKEN_FILE: '/tokens' },
  })
  const health = (env) =>
    runContainer(builder, image, { user, entrypoint: 'node', args: ['/app/healthcheck.mjs'], env })
  let stopped
  try {
    assert.equal((await fetch(`${server.url}/invocations`, { method: 'POST' })).status, 401)
    const asked = { method: 'POST', headers, body: passenger }
    const answer = await (await fetch(`${server.url}/invocations`, asked)).json()
    assert.ok(answer.predictions[0].score > 0 && answer.predictions[0].score < 1)
    const { base_values, explanations } = await (await fetch(`${server.url}/explain`, asked)).json()
    const sum = explanations[0].shap_values[0].reduce(
      (total, value) => total + value,
      base_values[0],
    )
    assert.ok(Math.abs(sum - answer.predictions[0].score) < 1e-9, 'the values sum to the score')
    assert.equal(health({ PORT: String(server.port) }).status, 0)
    const refused = health({ PORT: String(await freePort()) })
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /^http:\/\/127.0.0.1:\d+\/ping cannot be asked: .*\n$/)
  } finally {
    stopped = await server.stop()
  }
  assert.equal(stopped.status, 0, stopped.log)
  assert.doesNotMatch(stopped.log, /"level":(50|60)/)
}

/** One request for each package that is not in the bundle. */
async function loadAll(builder, image, directory) {
  const work = join(directory, 'all')
  mkdirSync(work)
  chmodSync(work, 0o777)
  cpSync(join(root, 'data'), join(work, 'data'), { recursive: true })
  cpSync(join(root, 'test/fixtures'), join(work, 'fixtures'), { recursive: true })
  const row = JSON.parse(passenger)
  const cells = (texts, at) =>
    `<row r="${at}">${texts.map((text, i) => textCell('ABCDEF'[i] + at, text)).join('')}</row>`
  writeFileSync(
    join(work, 'rows.xlsx'),
    workbook(cells(Object.keys(row), 1) + cells(Object.values(row), 2)),
  )
  const mounts = [
    { from: work, to: VOLUME, isReadOnly: false },
    { from: join(root, 'model_checkpoint'), to: '/checkpoint', isReadOnly: true },
  ]
  const penguins = 'train data/penguins.csv --target species --quiet --model-dir'
  for (const line of [
    `${penguins} forest --engine mljs --estimator random_forest --set n_estimators=3`,
    `${penguins} tree --engine mljs --estimator decision_tree`,
    `${penguins} regression --engine mljs --estimator logistic_regression`,
    'plot bar --model-dir tree --out plot.png',
    'export onnx tree --out tree.onnx',
    'predict fixtures/passengers.parquet --model-dir ../checkpoint --out parquet.jsonl',
    'predict rows.xlsx --model-dir ../checkpoint --out xlsx.jsonl',
  ]) {
    const options = { mounts, workdir: VOLUME, args: line.split(' ') }
    const { status, stderr } = runContainer(builder, image, options)
    assert.equal(status, 0, `${line}: ${stderr}`)
  }
  const { predictions } = JSON.parse(`{"predictions":[${readFileSync(join(work, 'xlsx.jsonl'))}]}`)
  assert.deepEqual(Object.keys(predictions[0]), ['predicted_label', 'score', 'probabilities'])
  assert.equal(readFileSync(join(work, 'plot.png')).subarray(1, 4).toString(), 'PNG')
  const server = await serveInContainer(builder, image, {
    mounts: [{ from: join(root, 'model_checkpoint'), to: '/opt/ml/model', isReadOnly: true }],
    env: { ALLOW_UNAUTHENTICATED: 'true', MODEL_SERVER_WORKERS: '1' },
  })
  try {
    for (const path of ['/', '/model', '/openapi.json', '/docs/', '/docs/static/swagger-ui.css']) {
      const { status } = await fetch(server.url + path)
      assert.equal(status, 200, path)
    }
    const picture = await fetch(`${server.url}/explain`, {
      method: 'POST',
      headers: { ...headers, accept: 'image/png' },
      body: passenger,
    })
    assert.equal(picture.headers.get('content-type'), 'image/png')
  } finally {
    await server.stop()
  }
}

async function liveOnSageMaker(builder, image, directory) {
  const ml = join(directory, 'ml')
  for (const folder of ['input/config', 'input/data/train', 'model', 'output'])
    mkdirSync(join(ml, folder), { recursive: true })
  cpSync(join(root, 'data/penguins.csv'), join(ml, 'input/data/train/penguins.csv'))
  const hyperparameters = { target: 'species', estimator: 'decision_tree' }
  writeFileSync(join(ml, 'input/config/hyperparameters.json'), JSON.stringify(hyperparameters))
  const mounts = [{ from: ml, to: '/opt/ml', isReadOnly: false }]
  const trained = runContainer(builder, image, { mounts, args: ['train'] })
  assert.equal(trained.status, 0, trained.stderr)
  const server = await serveInContainer(builder, image, {
    mounts,
    args: ['serve'],
    portName: 'SAGEMAKER_BIND_TO_PORT',
  })
  const answer = await fetch(`${server.url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'Torgersen,39.1,18.7,181,3750,male,2007\n',
  })
  assert.equal(answer.status, 200, await answer.text())
  const { status, log } = await server.stop()
  assert.equal(status, 0, log)
}
