/** Models read in another thread are the ones that are read here. */
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createInlineLoader, createThreadLoader } from '../../src/answering/loader.ts'
import { InputError } from '../../src/errors.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import type { ExplainerOffer } from '../../src/models/model.ts'
import type { Predictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { checkpoint, passenger } from '../helper.ts'

const loader = createThreadLoader()
t.teardown(() => loader.close())
const expected = await readModelDirectory(checkpoint)
const { inputs } = expected.artifact.preprocessor
const frame = frameOfCells(inputs, [[...passenger.list]])

t.test('a model from the thread is the same in every number', async (t) => {
  const model = await loader.load(checkpoint, () => {})
  t.strictSame(model.artifact, expected.artifact)
  t.strictSame(model.extraFiles, expected.extraFiles)
  t.strictSame([...model.files.keys()], [...expected.files.keys()])
  t.strictSame(model.predictor.predict(frame), expected.predictor.predict(frame))
  t.strictSame(model.predictor.explain(frame), expected.predictor.explain(frame))
})

const waitFor = ({ offers }: Predictor) => (offers[0] as ExplainerOffer).buildSeconds()

t.test('its explainer is made when it is first needed', async (t) => {
  t.equal(waitFor(expected.predictor), 0, 'the self-test has needed it')
  const { predictor } = await loader.load(checkpoint, () => {})
  t.ok(waitFor(predictor) > 0)
  predictor.predict(frame)
  t.ok(waitFor(predictor) > 0, 'predictions do not')
  predictor.explain(frame)
  t.equal(waitFor(predictor), 0)
})

t.test('its bytes and its numbers are shared, not copied', async (t) => {
  const { artifact, files } = await loader.load(checkpoint, () => {})
  for (const [name, bytes] of files) t.ok(bytes.buffer instanceof SharedArrayBuffer, name)
  if (artifact.model.kind !== 'trees') throw new Error('the model that ships is a forest')
  t.equal(artifact.model.threshold.buffer, files.get('model.safetensors')?.buffer)
})

t.test('the bytes are announced before they are read, and a refusal is handed on', async (t) => {
  const total = [...expected.files.values()].reduce((sum, { length }) => sum + length, 0)
  const refusal = new InputError('insufficient_storage', 'no')
  const refuse = (bytes: number) => {
    t.equal(bytes, total)
    throw refusal
  }
  await t.rejects(loader.load(checkpoint, refuse), refusal)
  await t.rejects(
    loader.load(checkpoint, async (bytes) => refuse(bytes)),
    refusal,
  )
  t.ok(await loader.load(checkpoint, () => {}), 'the next one is read')
})

t.test('what is wrong with a directory is said as it is said here', async (t) => {
  const directory = t.testdir({ empty: {}, foreign: { 'model.pkl': '' } })
  const corrupt = join(directory, 'corrupt')
  await cp(checkpoint, corrupt, { recursive: true })
  await writeFile(join(corrupt, 'metrics.json'), '{}')
  for (const path of ['none', 'empty', 'foreign', 'corrupt'].map((name) => join(directory, name))) {
    const error = await readModelDirectory(path).then(
      () => new Error('it is read'),
      (thrown: Error) => thrown,
    )
    await t.rejects(
      loader.load(path, () => {}),
      error,
      path,
    )
    await t.rejects(
      createInlineLoader().load(path, () => {}),
      error,
      path,
    )
  }
})

t.test('loads at the same time do not mix', async (t) => {
  const none = join(t.testdir({}), 'none')
  const loads = Array.from({ length: 12 }, (_, i) =>
    loader.load(i % 3 === 0 ? none : checkpoint, () => {
      if (i % 3 === 1) throw new Error(String(i))
    }),
  )
  const settled = await Promise.allSettled(loads)
  settled.forEach((result, i) => {
    t.equal(result.status, i % 3 === 2 ? 'fulfilled' : 'rejected', String(i))
    if (result.status === 'rejected' && i % 3 === 1) t.equal(result.reason.message, String(i))
  })
})

for (const [name, own] of [
  ['the thread', loader],
  ['this one', createInlineLoader()],
] as const) {
  t.test(`a model of ${name} that nobody holds is given back`, async (t) => {
    const loadAndDrop = async () => new WeakRef(await own.load(checkpoint, () => {}))
    const dropped = await loadAndDrop()
    const held = await own.load(checkpoint, () => {})
    await own.collect()
    t.equal(dropped.deref(), undefined)
    t.strictSame(held.predictor.predict(frame), expected.predictor.predict(frame))
  })
}

t.test('a loader that was closed starts again', async (t) => {
  await loader.close()
  t.strictSame((await loader.load(checkpoint, () => {})).artifact, expected.artifact)
})
