/** Writing a model directory: whatever is read meanwhile is the old model or the new one, whole. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import {
  type Artifact,
  COLUMNS_FILE,
  MANIFEST_FILE,
  MAX_MANIFEST,
  METRICS_FILE,
  MODEL_FILE,
} from '../../src/artifact/artifact.ts'
import { withModelId } from '../../src/artifact/encode.ts'
import { createRandom } from '../../src/data/random.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import {
  CARD,
  commit,
  holds,
  modelIn,
  mountTmpfs,
  newFiles,
  newModel,
  oldFiles,
  oldModel,
  thirdModel,
} from './commits.ts'
import { writeFiles } from './model-files.ts'

// Many processes are started: a time limit is there for one that hangs, not for a busy machine.
t.setTimeout(1_800_000)

t.test('a commit into a new directory, and over another model', async (t) => {
  const directory = join(t.testdir(), 'deep/down')
  await commit(directory, oldModel)
  await holds(t, directory, oldModel, 'first')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'second')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'again')
})

t.test('what a manifest has no room for has a file of its own', async (t) => {
  const directory = t.testdir()
  const { modelId, ...parts } = oldModel
  const selfTest = Array.from(
    { length: 5000 },
    (_, i) => oldModel.selfTest[i % 5] ?? oldModel.selfTest[0]!,
  )
  const wide = withModelId({ ...parts, selfTest }, sha256)
  await commit(directory, wide)
  const stored = await readModelDirectory(directory)
  t.equal(stored.artifact.selfTest.length, 5000)
  t.strictSame(stored.artifact.plan, oldModel.plan)
  t.strictSame(stored.extraFiles, [])
  t.ok(stored.files.has(COLUMNS_FILE))
  t.ok((stored.files.get(MANIFEST_FILE) as Uint8Array).length < MAX_MANIFEST)
  writeFileSync(join(directory, COLUMNS_FILE), '{}')
  await t.rejects(readModelDirectory(directory), { code: 'corrupt' })
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'another model')
  t.notOk(readdirSync(directory).includes(COLUMNS_FILE), 'its file is gone')
})

t.test('a file that the next model does not have is gone', async (t) => {
  const directory = t.testdir()
  const { modelId, summary, ...parts } = oldModel
  t.ok(summary)
  await commit(directory, oldModel)
  const bare = withModelId({ ...parts, summary: undefined }, sha256)
  await commit(directory, bare)
  const { artifact, extraFiles } = await readModelDirectory(directory)
  t.equal(artifact.modelId, bare.modelId)
  t.strictSame(extraFiles, [])
})

t.test('read while trainings commit', async (t) => {
  const directory = t.testdir()
  const models = [oldModel, newModel]
  await commit(directory, oldModel)
  const problems = new Set<string>()
  const random = createRandom(8)
  let reads = 0
  let done = false
  const reading = (async () => {
    while (!done) {
      const held = await modelIn(directory).catch((error: unknown) => String(error))
      if (!models.some(({ modelId }) => modelId === held)) problems.add(held)
      reads++
    }
  })()
  for (let run = 0; run < 20; run++) {
    await commit(directory, models[run % 2 === 0 ? 1 : 0] as Artifact)
    // At most one commit falls into a read, and it begins anywhere in it.
    for (const before = reads; reads < before + 2; ) await setImmediate()
    for (let turns = random.below(30); turns > 0; turns--) await setImmediate()
  }
  done = true
  await reading
  t.strictSame([...problems], [], `${reads} reads, the old or the new model every time`)
})

t.test('only files inside the directory are renamed', async (t) => {
  const directory = mountTmpfs(t, 1024) ?? t.testdir()
  // A mount point can neither be renamed nor replaced; other files and directories stay.
  await commit(directory, thirdModel)
  mkdirSync(join(directory, 'logs'))
  writeFileSync(join(directory, 'notes.txt'), 'kept')
  const { ino } = statSync(directory)
  for (const artifact of [oldModel, newModel]) {
    await commit(directory, artifact)
    await holds(t, directory, artifact, artifact.estimator)
  }
  t.equal(statSync(directory).ino, ino)
  t.strictSame(
    readdirSync(directory).sort(),
    [...newFiles.keys(), CARD, 'logs', 'notes.txt'].sort(),
  )
})

t.test('the directory may be a link; links inside are replaced, not followed', async (t) => {
  const root = t.testdir({ outside: 'kept' })
  const directory = writeFiles(join(root, 'model'), oldFiles)
  symlinkSync(directory, join(root, 'link'))
  for (const name of [MODEL_FILE, `${METRICS_FILE}.next`, CARD, `${CARD}.next`]) {
    rmSync(join(directory, name), { force: true })
    symlinkSync(join(root, 'outside'), join(directory, name))
  }
  await commit(join(root, 'link'), newModel)
  await holds(t, directory, newModel, 'through a link')
  t.equal(readFileSync(join(root, 'outside'), 'utf8'), 'kept')
  t.ok(statSync(join(directory, MODEL_FILE)).isFile())
})

t.test('readable by everyone, whatever the umask', async (t) => {
  const root = t.testdir()
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  await commit(join(root, 'made/model'), oldModel)
  await commit(join(root, 'made/model'), newModel)
  for (const name of [...newFiles.keys(), CARD])
    t.equal(modeOf(join(root, 'made/model', name)), '644', name)
  t.equal(modeOf(join(root, 'made/model')), '755', 'the directory')
  t.equal(modeOf(join(root, 'made')), '755', 'the directory above')

  mkdirSync(join(root, 'given'), { mode: 0o700 })
  await commit(join(root, 'given'), newModel)
  t.equal(modeOf(join(root, 'given')), '700', 'a directory that was there keeps its mode')
})
