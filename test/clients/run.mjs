/**
 * `npm run test:clients`: a trained model, its server, and Python clients against it.
 * Python or a package that is not there is no failure: a line says so. PYTHON names another interpreter, PYTHON_SPARK one
 * with PySpark; `run.mjs spark` runs that part alone.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'dist', 'cli.js')
const python = process.env.PYTHON || 'python3'

/** Without these there is nothing to run; without an optional one its cases are skipped. */
const required = ['boto3', 'numpy', 'pandas']
const optional = [
  ...['sagemaker', 'mlflow', 'scipy', 'tritonclient', 'kserve', 'onnxruntime'],
  ...['kubernetes_validate', 'moto', 'moto.server'],
]
const START_MS = 30_000
const SPARK_MS = 300_000

/** What the service reads; the runner's own surroundings must not set it. */
const settings =
  /^(SAGEMAKER_|SM_|SHAPSERVE_|PORT$|LOG_LEVEL$|MAX_CONTENT_LENGTH$|DRAIN_MS$|PREDICT_PROBA$|TAP)/

async function main() {
  // tap takes every file below test/ for a test.
  if (process.env.TAP === '1') return 0
  if (existsSync(cli)) {
    const status = runSpark()
    if (status !== 0 || process.argv.includes('spark')) return status
  }
  const present = findPackages()
  if (!present) return notice([python])
  const missing = required.filter((name) => !present.includes(name))
  if (missing.length > 0) return notice(missing)
  notice(optional.filter((name) => !present.includes(name)))
  if (!existsSync(cli)) {
    console.error('there is no dist/cli.js; npm run build makes it')
    return 2
  }
  const onFiles = [
    ['onnxruntime', 'test_onnx.py'],
    ['mlflow', 'test_mlflow.py'],
    ['kubernetes_validate', 'test_manifests.py'],
    ['moto', 'test_scale.py'],
    ['moto.server', 'test_launcher.py'],
  ].filter(([name]) => present.includes(name))
  let files = 0
  for (const [, script] of onFiles) files = (await runScript(script, {}, [cli])) || files
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-clients-'))
  try {
    const modelDir = await trainModel(directory)
    const server = await startServer(modelDir)
    try {
      const clients = await runScript('test_clients.py', { SHAPSERVE_URL: server.url })
      return clients || files
    } finally {
      await server.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Returns which packages there are; undefined without an interpreter. The optional ones take seconds to import. */
function findPackages() {
  const script = `
import importlib, importlib.util, sys
for name in sys.argv[1:]:
    try:
        if name in ${JSON.stringify(required)}:
            importlib.import_module(name)
        elif importlib.util.find_spec(name) is None:
            continue
    except Exception:
        continue
    print('has', name)
`
  const { status, stdout } = spawnSync(python, ['-c', script, ...required, ...optional], {
    encoding: 'utf8',
    env: clientEnv({}),
  })
  if (status !== 0) return undefined
  return [...stdout.matchAll(/^has (\S+)$/gm)].map(([, name]) => name)
}

/** Runs the lines of docs/scale.md; PYTHON_SPARK names an interpreter with PySpark. */
function runSpark() {
  const interpreter = process.env.PYTHON_SPARK || python
  if (spawnSync('java', ['-version']).status !== 0) return notice(['java'])
  const found = spawnSync(interpreter, ['-c', 'import pyspark, xgboost.spark, pandas, pyarrow'])
  if (found.status !== 0) return notice(['pyspark'])
  const script = fileURLToPath(new URL('test_spark.py', import.meta.url))
  const { status } = spawnSync(interpreter, [script], {
    stdio: 'inherit',
    timeout: SPARK_MS,
    env: clientEnv({ SHAPSERVE_COMMAND: JSON.stringify([process.execPath, cli]) }),
  })
  return status ?? 1
}

function notice(missing) {
  for (const name of missing) console.log(`notice: no ${name}, its checks are left out`)
  return 0
}

/** Trains bin3: numeric columns f1, f2 (which may be missing) and f3, classes 0 and 1. */
async function trainModel(directory) {
  const file = join(directory, 'bin3.csv')
  const modelDir = join(directory, 'model')
  await writeFile(file, makeTable(300))
  // A regression, because then every column of every row changes the score: a mix-up cannot stay unseen.
  const args = ['--target', 'label', '--estimator', 'logistic_regression', '--quiet']
  const numeric = ['f1', 'f2', 'f3'].flatMap((name) => ['--numeric', name])
  const { status, stderr } = spawnSync(
    process.execPath,
    [cli, 'train', file, '--model-dir', modelDir, ...args, ...numeric],
    { encoding: 'utf8', env: cleanEnv() },
  )
  if (status !== 0) throw new Error(`the model could not be trained: ${stderr.trim()}`)
  return modelDir
}

/** Returns a CSV table of numbers from -4 to 4; the same at every call. */
function makeTable(rows) {
  let state = 20_240_601
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const number = () => Math.round(uniform() * 800 - 400) / 100
  const lines = Array.from({ length: rows }, (_, row) => {
    const [f1, f2, f3] = [number(), number(), number()]
    const label = f1 - 0.6 * f2 + 0.3 * f3 + (uniform() - 0.5) * 4 > 0 ? 1 : 0
    return [f1, row % 15 === 0 ? '' : f2, f3, label].join(',')
  })
  return `f1,f2,f3,label\n${lines.join('\n')}\n`
}

/** Starts `serve` on a free port and waits until it says which. */
async function startServer(modelDir) {
  const args = ['serve', '--host', '127.0.0.1', '--port', '0', '--model-dir', modelDir]
  const child = spawn(process.execPath, [cli, ...args], {
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const closed = once(child, 'close')
  let printed = ''
  const url = await new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the server did not start: ${printed.slice(-400).trim()}`))
    const timer = setTimeout(() => {
      kill()
      fail()
    }, START_MS)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece) => {
        printed = (printed + piece).slice(-65_536)
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)
        if (!found) return
        clearTimeout(timer)
        resolve(found[0])
      })
    }
    child.once('error', fail)
    child.once('close', () => {
      clearTimeout(timer)
      fail()
    })
  })
  return {
    url,
    async stop() {
      const timer = setTimeout(kill, 5000)
      child.kill('SIGTERM')
      await closed
      clearTimeout(timer)
      process.off('exit', kill)
    },
  }
}

/** Runs a script that needs numpy at least, and returns how it ended. */
async function runScript(name, env, args = []) {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(python, [script, ...args], { stdio: 'inherit', env: clientEnv(env) })
  const [status] = await once(child, 'close')
  return status ?? 1
}

function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)))
}

/** Clients that look for nobody's account, proxy or network. */
function clientEnv(env) {
  return {
    ...cleanEnv(),
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE: process.execPath,
    AWS_CONFIG_FILE: join(tmpdir(), 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), 'none'),
    DO_NOT_TRACK: 'true',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    NO_PROXY: '*',
    no_proxy: '*',
    PYTHONDONTWRITEBYTECODE: '1',
    SAGEMAKER_SUPPRESS_V2_WARNING: '1',
    ...env,
  }
}

process.exitCode = await main()
