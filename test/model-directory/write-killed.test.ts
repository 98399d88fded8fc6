/** Trainings that are killed at any moment: the directory holds the old model or the new one, whole. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { MANIFEST_FILE, PREPROCESSOR_FILE, TRIALS_FILE } from '../../src/artifact/artifact.ts'
import { createRandom } from '../../src/data/random.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { runs } from '../effort.ts'
import {
  CARD,
  commit,
  DATA_FILES,
  finish,
  holds,
  LOCK,
  modelIn,
  newFiles,
  newModel,
  oldFiles,
  oldModel,
  startTraining,
  thirdModel,
  unwritable,
  writeNext,
  writeTrainingData,
} from './commits.ts'
import { readFiles, remnants, writeFiles } from './model-files.ts'

// Many processes are started: a time limit is there for one that hangs, not for a busy machine.
t.setTimeout(1_800_000)

t.test('killed before the manifest is renamed: the old model', async (t) => {
  const names = [...newFiles.keys()]
  for (let written = 0; written <= names.length; written++) {
    const name = names[written] ?? ''
    const bytes = newFiles.get(name) ?? new Uint8Array()
    for (const part of new Set([0, bytes.length >> 1, Math.max(0, bytes.length - 1)])) {
      const what = `${written} files and ${part} bytes of ${name || 'nothing'}`
      const directory = writeFiles(join(t.testdir(), what), oldFiles)
      writeNext(directory, names.slice(0, written), newFiles)
      if (name) writeFileSync(join(directory, `${name}.next`), bytes.subarray(0, part))
      t.equal(await modelIn(directory), oldModel.modelId, what)
      await commit(directory, thirdModel)
      await holds(t, directory, thirdModel, `${what}, then a third training`)
    }
  }
})

t.test('killed before there was a model: none', async (t) => {
  const names = [...newFiles.keys()]
  for (let written = 0; written <= names.length; written++) {
    const directory = join(t.testdir(), String(written))
    mkdirSync(directory)
    writeNext(directory, names.slice(0, written), newFiles)
    t.equal(await modelIn(directory), 'nothing', `${written} files`)
    await commit(directory, thirdModel)
    await holds(t, directory, thirdModel, `${written} files, then another training`)
  }
})

/** Returns the subsets with none, one, all but one and all of so many things, and some of the others. */
function subsetsOf(count: number): number[] {
  const all = Array.from({ length: 1 << count }, (_, subset) => subset)
  const sizeOf = (subset: number) => all.filter((i) => i < count && subset & (1 << i)).length
  const isExtreme = (subset: number) => Math.abs(sizeOf(subset) - count / 2) >= count / 2 - 1
  const others = all.filter((subset) => !isExtreme(subset))
  const random = createRandom(11)
  for (let i = others.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[others[i], others[j]] = [others[j]!, others[i]!]
  }
  return [...all.filter(isExtreme), ...others.slice(0, runs(16))]
}

t.test('killed after the manifest was renamed: the new model', async (t) => {
  // Any subset, not only what is renamed in order: the repair of another commit may have been
  // killed as well.
  for (const subset of subsetsOf(DATA_FILES.length)) {
    const moved = DATA_FILES.filter((_, i) => subset & (1 << i))
    const waiting = DATA_FILES.filter((name) => !moved.includes(name))
    for (const before of subset % 5 === 0 ? [oldFiles, undefined] : [oldFiles]) {
      const what = `${moved.length} renamed (${moved}), ${before ? 'over a model' : 'first model'}`
      const place = () => {
        const directory = join(t.testdir(), `${subset} ${before ? 'over' : 'first'}`)
        rmSync(directory, { recursive: true, force: true })
        writeFiles(directory, before ?? new Map())
        for (const name of [MANIFEST_FILE, ...moved])
          writeFileSync(join(directory, name), newFiles.get(name) as Uint8Array)
        writeNext(directory, waiting, newFiles)
        return directory
      }
      const directory = place()
      const { artifact, extraFiles } = await readModelDirectory(directory)
      t.equal(artifact.modelId, newModel.modelId, what)
      t.strictSame(extraFiles, waiting.map((name) => `${name}.next`).sort(), `${what}: not touched`)
      await commit(directory, thirdModel)
      await holds(t, directory, thirdModel, `${what}, then a third training`)

      if (!before) continue
      // A training that fails before its own commit point must not lose what the killed one had
      // committed.
      const blocked = place()
      const writer = await openModelWriter(blocked)
      mkdirSync(join(blocked, `${TRIALS_FILE}.next`))
      await t.rejects(writer.commit(thirdModel, {}), unwritable, `${what}, then a failure`)
      await writer.release()
      t.equal(await modelIn(blocked), newModel.modelId, `${what}, then a failure: still there`)
    }
  }
})

t.test('committed but damaged: refused, not the old model', async (t) => {
  const directory = writeFiles(t.testdir(), oldFiles)
  writeFiles(directory, new Map([[MANIFEST_FILE, newFiles.get(MANIFEST_FILE) as Uint8Array]]))
  writeNext(directory, DATA_FILES, newFiles)
  for (const name of DATA_FILES) {
    const bytes = newFiles.get(name) as Uint8Array
    writeFileSync(join(directory, `${name}.next`), bytes.subarray(1))
    await t.rejects(readModelDirectory(directory), { name: 'ArtifactError', code: 'corrupt' }, name)
    writeFileSync(join(directory, `${name}.next`), bytes)
  }
  t.equal(await modelIn(directory), newModel.modelId)
})

t.test('killed while it wrote the card', async (t) => {
  const directory = writeFiles(t.testdir(), newFiles)
  writeFileSync(join(directory, CARD), 'of the old model')
  writeFileSync(join(directory, `${CARD}.next`), '# hal')
  t.equal(await modelIn(directory), newModel.modelId)
  await commit(directory, oldModel)
  await holds(t, directory, oldModel, 'then another training')
})

t.test('killed while it took the lock', async (t) => {
  const directory = writeFiles(t.testdir(), oldFiles)
  writeFileSync(join(directory, LOCK), '')
  const { pid } = spawnSync('true')
  writeFileSync(join(directory, `${LOCK}.${pid}`), `${pid} ${hostname()}\n`)
  writeFileSync(join(directory, `${LOCK}.${process.ppid}`), `${process.ppid} ${hostname()}\n`)
  writeFileSync(join(directory, `${LOCK}.${pid}0000`), `${pid}0000 elsewhere\n`)
  await t.resolves(commit(directory, newModel), 'an empty lock does not stay in the way for ever')
  t.equal(await modelIn(directory), newModel.modelId)
  t.strictSame(
    readdirSync(directory).filter((name) => name.startsWith(LOCK)),
    [`${LOCK}.${process.ppid}`, `${LOCK}.${pid}0000`].sort(),
    'drafts of trainings that run, here or elsewhere, are left alone',
  )
})

t.test('killed at any moment', async (t) => {
  const data = writeTrainingData(t.testdir())
  const whole = new Map<string, Map<string, Uint8Array>>()
  for (const seed of [0, 1]) {
    const directory = join(data, `whole ${seed}`)
    t.equal((await finish(startTraining(directory, data, seed))).status, 0)
    whole.set(await modelIn(directory), readFiles(directory))
  }
  t.equal(whole.size, 2, 'two seeds, two models')

  const directory = join(data, 'model')
  mkdirSync(directory)
  const random = createRandom(7)
  const outcomes = new Map<string, number>()
  const seen = new Set<string>()
  for (let run = 0; run < 14; run++) {
    const child = startTraining(directory, data, (run >> 1) % 2)
    const ended = finish(child)
    // At one of the about 40 changes in the directory, or at the commit point and just behind it.
    const stop = new AbortController()
    let left = 1 + random.below(40)
    const aim = run % 4 === 1 ? MANIFEST_FILE : PREPROCESSOR_FILE
    watch(directory, { signal: stop.signal }, (_, name) => {
      left--
      if (run % 2 === 0 ? left === 0 : name === aim) child.kill('SIGKILL')
    })
    const { status } = await ended
    stop.abort()
    const held = await modelIn(directory)
    const isHalf = remnants(directory).some((name) => name.endsWith('.next'))
    const outcome = `${status}${isHalf ? ' while writing' : ''}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (status === 0) seen.add(held)
    if (held === 'nothing') {
      t.equal(seen.size, 0, `run ${run}: a model that was there does not vanish`)
      continue
    }
    const { files } = await readModelDirectory(directory)
    const expected = whole.get(held)
    t.ok(expected, `run ${run}, ${status}: one of the two models`)
    for (const [name, bytes] of expected ?? [])
      t.ok(Buffer.from(bytes).equals(files.get(name) as Uint8Array), `run ${run}: ${name}`)
  }
  t.comment(Object.fromEntries(outcomes))
  const last = await finish(startTraining(directory, data, 0))
  t.equal(last.status, 0, `a training that is not killed: ${last.said}`)
  t.strictSame(readFiles(directory), whole.get(await modelIn(directory)))
  t.strictSame(remnants(directory), [], 'and cleans up')
})
