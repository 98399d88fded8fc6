/** Hyperparameters in every client's writing, and the layout that they lie in. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { isSageMakerTraining, sageMakerPaths } from '../../../src/commands/sagemaker/directories.ts'
import { removeFailure, writeFailure } from '../../../src/commands/sagemaker/failure-file.ts'
import {
  decodeHyperparameter,
  decodeName,
  readHyperparameters,
} from '../../../src/commands/sagemaker/hyperparameters.ts'
import { unpack } from '../../../src/tables/unpack.ts'
import { checkRefused } from '../../tables.ts'

t.test('every client writes the same values in its own way', async (t) => {
  // boto3 and the console; SDK 2 by str(); SDK 2 by json.dumps(); SDK 3 by safe_serialize()
  const rows: [string, readonly string[], unknown][] = [
    ['text', ['gini', 'gini', '"gini"', 'gini'], 'gini'],
    ['integer', ['5', '5', '5', '5'], '5'],
    ['number', ['0.1', '0.1', '0.1', '0.1'], '0.1'],
    ['quoted number', ['1e-3 ', '"1e-3"'], '1e-3'],
    ['true', ['true', 'True', 'true', 'true', 'TRUE', '"true"'], 'true'],
    ['none', ['None', 'null', 'null', 'none'], null],
    ['list', ['[1, 2]', '[1, 2]', '[1, 2]', '[1,2]'], [1, 2]],
  ]
  for (const [name, texts, expected] of rows) {
    for (const text of texts) {
      const decoded = decodeHyperparameter(text)
      const value = typeof decoded === 'boolean' ? String(decoded) : decoded
      t.same(value, expected, `${name}: ${text}`)
    }
  }
})

t.test('a column may be called as a value is written', (t) => {
  const rows: [unknown, string | null][] = [
    ['species', 'species'],
    ['"species"', 'species'],
    ['1', '1'],
    ['True', 'True'],
    ['[1, 2]', '[1, 2]'],
    ['"None"', 'None'],
    ['None', null],
    ['', null],
    [undefined, null],
    [7, '7'],
  ]
  for (const [value, expected] of rows) t.equal(decodeName(value), expected, String(value))
  t.end()
})

t.test('hyperparameters.json and what stands in for it', async (t) => {
  const path = join(t.testdir(), 'hyperparameters.json')
  t.same([...(await readHyperparameters(path, {}))], [], 'absent')
  const env = { SM_HPS: '{"max_depth":3}' }
  t.same([...(await readHyperparameters(path, env))], [['max_depth', 3]], 'SM_HPS')
  const keys = ['sagemaker_region', 'sagemaker_', '_tuning_objective_metric']
  const foreign = [...keys, 'default_user_module_name'].map((key) => [key, '1'])
  const own = [
    ['__proto__', '2'],
    ['sagemaker', '3'],
    ['default_user_module_names', '4'],
  ]
  await writeFile(path, `{${[...foreign, ...own].map(([k, v]) => `"${k}":"${v}"`).join()}}`)
  t.same(
    [...(await readHyperparameters(path, env))],
    own,
    'the file wins; other tools are left out',
  )
  for (const [text, message] of [
    ['', /hyperparameters\.json is empty/],
    ['{', /hyperparameters\.json is not JSON: "\{"/],
    ['[]', /hyperparameters\.json: it must be an object/],
  ] as const) {
    await writeFile(path, text)
    await checkRefused(t, () => readHyperparameters(path, env), 'invalid_parameter', message, text)
  }
})

t.test('the layout, and variables that move a part of it', async (t) => {
  const base = t.testdir()
  const paths = sageMakerPaths({ SAGEMAKER_BASE_DIR: base })
  t.equal(paths.outputData, join(base, 'output/data'))
  t.equal(paths.model, join(base, 'model'))
  t.notOk(isSageMakerTraining(paths))
  const moved = sageMakerPaths({
    SAGEMAKER_BASE_DIR: base,
    SM_CHANNEL_TRAINING: '/a',
    SM_CHANNEL_TEST: '/b',
    SM_CHANNEL_OTHER: '/c',
    SM_OUTPUT_DATA_DIR: '/d',
    SM_MODEL_DIR: '/e',
  })
  t.same(
    [...moved.channels],
    [
      ['training', '/a'],
      ['test', '/b'],
    ],
  )
  t.equal(moved.outputData, '/d')
  t.equal(moved.model, '/e')
  t.ok(isSageMakerTraining(moved))
  t.equal(sageMakerPaths({}).data, '/opt/ml/input/data')
})

t.test('the failure file holds what SageMaker shows of the last training', async (t) => {
  const path = join(t.testdir(), 'output/failure')
  await writeFailure(path, `first ${'x'.repeat(2000)}`)
  const text = await readFile(path, 'utf8')
  t.equal(text.length, 1024)
  t.match(text, /^first x/)
  await writeFailure(path, 'second')
  t.equal(await readFile(path, 'utf8'), 'second', 'in the place of the first')
  await removeFailure(path)
  await t.rejects(readFile(path), { code: 'ENOENT' }, 'a training that begins has none')
  await removeFailure(path)
  for (const nowhere of ['/dev/null/failure', '/proc/shapserve/failure']) {
    await removeFailure(nowhere)
    await writeFailure(nowhere, 'nowhere to write')
  }
})

t.test('compressed files are unpacked up to a limit', async (t) => {
  const text = Buffer.from('1,2\n'.repeat(1000))
  const packed = gzipSync(text)
  /** The bytes come in pieces that are overwritten by the next. */
  const unpacked = async (path: string, bytes: Uint8Array, limit?: number) => {
    const piece = Buffer.alloc(100)
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 100) {
        const length = Math.min(100, bytes.length - at)
        piece.set(bytes.subarray(at, at + length))
        yield piece.subarray(0, length)
      }
    }
    const kept: Buffer[] = []
    for await (const part of unpack(path, pieces(), limit)) kept.push(Buffer.from(part))
    return Buffer.concat(kept)
  }
  t.ok((await unpacked('a.csv.gz', packed, text.length)).equals(text), 'exactly the limit')
  t.ok((await unpacked('part-0', packed)).equals(text), 'known by its first bytes')
  t.ok((await unpacked('a.csv', text)).equals(text), 'others are left as they are')
  const twice = Buffer.concat([packed, gzipSync('3,4\n')])
  t.equal((await unpacked('a.gz', twice)).subarray(-4).toString(), '3,4\n', 'two members')
  await checkRefused(
    t,
    () => unpacked('a.csv.gz', packed, text.length - 1),
    'too_large',
    /unpacks to more than 3999 bytes/,
    'one byte over',
  )
  for (const [name, bytes, message] of [
    ['cut', packed.subarray(0, 20), /ends too early/],
    ['not gzip', text, /is damaged or not gzip/],
    ['empty', Buffer.of(), /ends too early|not gzip/],
  ] as const) {
    await checkRefused(t, () => unpacked('a.csv.gz', bytes), 'invalid_file', message, name)
  }
})
