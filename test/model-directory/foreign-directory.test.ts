/** Directories of SageMaker's XGBoost container and of MLflow: served as they are, and imported by name. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { loadModelFiles, readModelDirectory } from '../../src/model-directory/read.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { shapserveHere } from '../command-here.ts'

interface Golden {
  readonly bytes: Buffer
  readonly rows: readonly (readonly Cell[])[]
  readonly columns: readonly { readonly name: string }[]
  readonly exact: { readonly probabilities: readonly (readonly number[])[] }
}

function golden(name: string): Golden {
  const path = join(import.meta.dirname, '../fixtures/golden-import', `${name}.json`)
  const { model, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
  const encoding = model.encoding === 'base64' ? 'base64' : 'utf8'
  return { ...rest, bytes: Buffer.from(model.data, encoding) }
}

const sagemaker = golden('xgb_sagemaker_1_7_binary')

let made = 0

async function directory(t: Test, files: Record<string, string | Uint8Array>): Promise<string> {
  made++
  const path = join(t.testdir({}), `model-${made}`)
  await mkdir(path, { recursive: true })
  for (const [name, data] of Object.entries(files)) await writeFile(join(path, name), data)
  return path
}

/** As MLflow writes it. */
function mlmodel(flavor: string, names: readonly string[] = []): string {
  const inputs = names.map((name) => ({ type: 'double', name, required: true }))
  return [
    'artifact_path: model',
    'flavors:',
    '  python_function:',
    '    loader_module: mlflow.pyfunc',
    `  ${flavor}`,
    'mlflow_version: 3.18.0',
    ...(names.length > 0
      ? ['signature:', `  inputs: '${JSON.stringify(inputs)}'`, '  outputs: null']
      : []),
  ].join('\n')
}

const cases: readonly [string, string, string, boolean][] = [
  ['xgboost', 'xgb_softprob_ubj', '{data: model.ubj, model_class: xgboost.core.Booster}', true],
  ['lightgbm', 'lgb_multiclass', '{data: model.lgb, model_class: lightgbm.basic.Booster}', true],
  ['catboost', 'cb_binary_json', '{data: model.json}', true],
  ['onnx', 'onnx_decision_tree', '{data: model.onnx, onnx_session_options: null}', true],
  [
    'sklearn',
    'skops_pipeline_forest',
    '{pickled_model: model.skops, serialization_format: skops}',
    false,
  ],
]

async function check(t: Test, path: string, { rows, exact }: Golden, names?: readonly string[]) {
  const loaded = await readModelDirectory(path)
  const { inputs } = loaded.artifact.preprocessor
  if (names)
    t.strictSame(
      inputs.map(({ name }) => name),
      names,
    )
  const wanted = exact.probabilities.flat()
  // A worker makes the model of the files that it is given.
  for (const { predictor } of [loaded, loadModelFiles(loaded.files)]) {
    const { probabilities } = predictor.predict(frameOfCells(inputs, rows))
    wanted.forEach((p, i) => {
      if (!(Math.abs(p - probabilities[i]!) < 1e-12)) t.fail(`${probabilities[i]} for ${p}`)
    })
  }
  t.equal(loadModelFiles(loaded.files).artifact.modelId, loaded.artifact.modelId)
  for (const bytes of loaded.files.values())
    t.ok(bytes.buffer instanceof SharedArrayBuffer, 'threads share it')
}

t.test('what the XGBoost container leaves is served as it is', async (t) => {
  const path = await directory(t, { 'xgboost-model': sagemaker.bytes })
  const asked: number[] = []
  await readModelDirectory(path, (bytes) => {
    asked.push(bytes)
  })
  t.strictSame(asked, [sagemaker.bytes.length * 4], 'memory is asked for')
  await check(t, path, sagemaker, ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'])
  await writeFile(join(path, 'rows.csv'), `${sagemaker.rows.map((row) => row.join()).join('\n')}\n`)
  const explained = await shapserveHere(['explain', join(path, 'rows.csv'), '--model-dir', path])
  t.equal(explained.status, 0, explained.stderr)
  const imported = await shapserveHere([
    'import',
    path,
    '--model-dir',
    join(path, 'made'),
    '--json',
  ])
  t.equal(imported.status, 0, imported.stderr)
  t.equal(JSON.parse(imported.stdout).model_id, (await readModelDirectory(path)).artifact.modelId)
})

t.test("MLflow's directories are served as they are, with the signature's columns", async (t) => {
  for (const [flavor, name, text, takesSignature] of cases) {
    const model = golden(name)
    const file = /model\.\w+/.exec(text)![0]
    const own = model.columns.map((_, i) => `signed ${i}`)
    const path = await directory(t, {
      MLmodel: mlmodel(`${flavor}: ${text}`, own),
      [file]: model.bytes,
    })
    const names = takesSignature ? own : model.columns.map((column) => column.name)
    await check(t, path, model, names)
  }
})

t.test("a signature in another order than the model's own names renames nothing", async (t) => {
  const model = golden('lgb_multiclass')
  const { artifact } = await readModelDirectory(
    await directory(t, {
      MLmodel: mlmodel('lightgbm: {data: model.lgb}'),
      'model.lgb': model.bytes,
    }),
  )
  const own = artifact.preprocessor.inputs.map(({ name }) => name)
  const path = await directory(t, {
    MLmodel: mlmodel('lightgbm: {data: model.lgb}', own.toReversed()),
    'model.lgb': model.bytes,
  })
  await check(t, path, model, own)
})

t.test('what is refused, and how', async (t) => {
  const xgb = golden('xgb_binary_json')
  const early = Buffer.from('not a model')
  const bomb = `a: &a [x]\nb: [${'*a, '.repeat(50)}*a]\n`
  const refused: readonly [Record<string, string | Uint8Array>, RegExp][] = [
    [
      { 'xgboost-model-0': early, 'xgboost-model-1': early },
      /holds "xgboost-model-0", "xgboost-model-1", whose probabilities SageMaker averages; import one of them/,
    ],
    [{ 'xgboost-model': early }, /xgboost-model.*is of no kind that is read/],
    [{ 'xgboost-model': Buffer.from('\x80\x04\x95xgboost', 'latin1') }, /is a Python pickle/],
    [
      { MLmodel: mlmodel('pytorch: {data: x}') },
      /MLmodel has none of the flavours that are read: xgboost, lightgbm, catboost, sklearn/,
    ],
    [
      { MLmodel: mlmodel('xgboost: {data: ../../etc/passwd}') },
      /flavors.xgboost.data is no name of a file beside it/,
    ],
    [
      { MLmodel: mlmodel('xgboost: {data: model.ubj}') },
      /"model.ubj" is missing, MLmodel names it/,
    ],
    [
      { MLmodel: mlmodel('xgboost: {data: model.json}', ['a']), 'model.json': xgb.bytes },
      /the signature names 1 columns, the model has 6/,
    ],
    [
      {
        MLmodel: mlmodel('sklearn: {pickled_model: model.pkl}'),
        'model.pkl': Buffer.from('\x80\x04\x95ab', 'latin1'),
      },
      /in Python: import joblib, skops.io/,
    ],
    [{ MLmodel: `${bomb}${mlmodel('xgboost: {data: model.json}')}` }, /MLmodel is not YAML/],
    [{ MLmodel: '{' }, /MLmodel is not YAML/],
    [{ MLmodel: 'a: b' }, /flavors must be an object/],
    [
      {
        'xgboost-model': JSON.stringify({
          ...JSON.parse(xgb.bytes.toString()),
          learner: {
            ...JSON.parse(xgb.bytes.toString()).learner,
            objective: { name: 'reg:logistic' },
          },
        }),
      },
      /name both with --classes; import it with shapserve import/,
    ],
  ]
  for (const [files, message] of refused)
    await t.rejects(readModelDirectory(await directory(t, files)), { message }, String(message))
  const path = await directory(t, {})
  await symlink('/etc/hostname', join(path, 'xgboost-model'))
  await t.rejects(readModelDirectory(path), { message: /is a symbolic link/ })
  const { publicKey } = generateKeyPairSync('ed25519')
  const unsigned = await directory(t, { 'xgboost-model': sagemaker.bytes })
  await t.rejects(
    readModelDirectory(unsigned, () => {}, publicKey),
    {
      message: /is not signed for the public key: there is no manifest.json/,
    },
  )
  const empty = await directory(t, { other: 'x' })
  const imported = await shapserveHere(['import', empty, '--model-dir', join(empty, 'made')])
  t.match(imported.stderr, /holds neither MLmodel nor xgboost-model; name the file of the model/)
})
