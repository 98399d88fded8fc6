/** Writing a model directory: whatever goes wrong it holds the old model or the new one, whole. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  type Artifact,
  EXPLAIN_FILE,
  MANIFEST_FILE,
  METRICS_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
  SUMMARY_FILE,
} from '../../src/artifact/artifact.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import { createRandom } from '../../src/data/random.ts'
import { ArtifactError } from '../../src/errors.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import {
  type Files,
  readFiles,
  remnants,
  smallCsv,
  smallPlan,
  trainSmall,
  writeFiles,
} from './model-files.ts'

// The machine may be busy with other tests.
t.setTimeout(120_000)

const ROOT = join(import.meta.dirname, '../..')
const CLI = join(ROOT, 'dist/cli.js')
const CARD = 'MODEL_CARD.md'
const LOCK = '.lock'
const DATA_FILES = [PREPROCESSOR_FILE, MODEL_FILE, EXPLAIN_FILE, METRICS_FILE, SUMMARY_FILE]
const NOBODY = 65534
const isRoot = process.geteuid?.() === 0

const oldModel = await trainSmall('decision_tree')
const newModel = await trainSmall('random_forest', ['a', 'b', 'c'], 1)
const thirdModel = await trainSmall('logistic_regression', ['a', 'b'], 2)
const oldFiles = encodeArtifact(oldModel, sha256)
const newFiles = encodeArtifact(newModel, sha256)

/** Writes a model as a training does. */
async function commit(directory: string, artifact: Artifact): Promise<void> {
  const writer = await openModelWriter(directory)
  try {
    await writer.commit(artifact, `# ${artifact.modelId}\n`)
  } finally {
    await writer.release()
  }
}

/**
 * Returns the id of the model in a directory, `nothing` if there is none yet; throws when one is
 * damaged.
 */
async function modelIn(directory: string): Promise<string> {
  try {
    const { artifact } = await readModelDirectory(directory)
    return artifact.modelId
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'missing') return 'nothing'
    throw error
  }
}

/**
 * Asserts that a directory holds just this model: loaded, every file byte for byte, and nothing
 * left over.
 */
async function holds(t: Test, directory: string, artifact: Artifact, what: string): Promise<void> {
  t.equal(await modelIn(directory), artifact.modelId, `${what}: the model`)
  for (const [name, bytes] of encodeArtifact(artifact, sha256))
    t.ok(readFileSync(join(directory, name)).equals(bytes), `${what}: ${name}`)
  t.match(readFileSync(join(directory, CARD), 'utf8'), artifact.modelId, `${what}: the card`)
  t.strictSame(remnants(directory), [], `${what}: nothing is left over`)
}

const unwritable = { name: 'ArtifactError', code: 'unwritable' }

/** Mounts a file system of so many KiB on a new directory; undefined where that is not allowed. */
function mountTmpfs(t: Test, kibibytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'shapserve-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', directory], {
      stdio: 'ignore',
    })
  } catch {
    t.comment('no right to mount a small file system')
    return undefined
  }
  t.teardown(() => execFileSync('umount', [directory]))
  return directory
}

function remount(directory: string, options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, directory])
}

t.test('a commit into a new directory, and over another model', async (t) => {
  const directory = join(t.testdir(), 'deep/down')
  await commit(directory, oldModel)
  await holds(t, directory, oldModel, 'first')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'second')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'again')
})

t.test('no space left at any write', async (t) => {
  const directory = mountTmpfs(t, 1024)
  if (!directory) return
  // The file system grows page by page until the training fits.
  const fill = async (from: number, artifact: Artifact, before: string) => {
    const held: string[] = []
    for (let size = from; size < 1024; size += 4) {
      remount(directory, `size=${size}k`)
      try {
        await commit(directory, artifact)
        t.ok(held.length > 3, `failed ${held.length} times, then fitted into ${size} KiB`)
        break
      } catch (error) {
        t.match(error, unwritable, `${size} KiB`)
        t.match((error as Error).message, /ENOSPC/)
        t.strictSame(remnants(directory), [], `${size} KiB: the space is given back`)
        held.push(await modelIn(directory))
      }
    }
    t.strictSame([...new Set(held)], [before], 'what was there stays')
    await holds(t, directory, artifact, 'once there is space')
  }
  await fill(4, oldModel, 'nothing')
  const [used] = /\d+(?=K)/.exec(
    execFileSync('df', ['--output=used', '-BK', directory], { encoding: 'utf8' }),
  ) as string[]
  // A page for the lock, which has a test of its own.
  await fill(Number(used) + 4, newModel, oldModel.modelId)
})

t.test('no space left for the lock', async (t) => {
  const directory = mountTmpfs(t, 64)
  if (!directory) return
  writeFileSync(join(directory, 'ballast'), Buffer.alloc(64 << 10))
  await t.rejects(openModelWriter(directory), unwritable)
  rmSync(join(directory, 'ballast'))
  remount(directory, 'size=1024k')
  await t.resolves(commit(directory, oldModel), 'once there is space, no lock is in the way')
})

/** What a training that was killed leaves: the old model, and so much of the new one. */
function writeNext(directory: string, names: readonly string[], files: Files): void {
  for (const name of names)
    writeFileSync(join(directory, `${name}.next`), files.get(name) as Uint8Array)
}

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

t.test('killed after the manifest was renamed: the new model', async (t) => {
  // Every subset, not only what is renamed in order: the repair of another commit may have been
  // killed as well.
  for (let subset = 0; subset < 1 << DATA_FILES.length; subset++) {
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
      t.equal(await modelIn(directory), newModel.modelId, what)
      const { extraFiles } = await readModelDirectory(directory)
      t.strictSame(extraFiles, waiting.map((name) => `${name}.next`).sort(), `${what}: not touched`)
      await commit(directory, thirdModel)
      await holds(t, directory, thirdModel, `${what}, then a third training`)

      if (!before) continue
      // A training that fails before its own commit point must not lose what the killed one had
      // committed.
      const blocked = place()
      mkdirSync(join(blocked, 'x.next'))
      await t.rejects(commit(blocked, thirdModel), unwritable, `${what}, then a failure`)
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
  await t.resolves(commit(directory, newModel), 'an empty lock does not stay in the way for ever')
  t.equal(await modelIn(directory), newModel.modelId)
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

if (!existsSync(CLI)) execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT })

/** Starts `shapserve train` on a small table; `stdin` makes it wait for its rows. */
function startTraining(
  directory: string,
  data: string,
  seed: number,
  options: { stdin?: boolean; env?: Record<string, string> } = {},
): ChildProcess {
  const file = options.stdin ? '-' : join(data, 'data.csv')
  const args = ['train', file, '--plan', join(data, 'plan.json'), '--model-dir', directory]
  // Without the loader that tap puts into every Node process: it doubles the time.
  return spawn(
    'env',
    [
      ...['-u', 'NODE_OPTIONS', process.execPath, CLI, ...args],
      ...['--estimator', 'decision_tree', '--seed', String(seed), '--quiet'],
    ],
    {
      stdio: [options.stdin ? 'pipe' : 'ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...options.env },
    },
  )
}

/** Waits for a process; returns its exit status, or the signal that ended it, and what it said. */
async function finish(child: ChildProcess): Promise<{ status: number | string; said: string }> {
  const chunks: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { status: status ?? (signal as string), said: Buffer.concat(chunks).toString() }
}

function writeTrainingData(directory: string): string {
  writeFileSync(join(directory, 'data.csv'), smallCsv(['a', 'b', 'c']))
  writeFileSync(join(directory, 'plan.json'), JSON.stringify(smallPlan))
  return directory
}

t.test('killed at any moment', async (t) => {
  const data = writeTrainingData(t.testdir())
  const whole = new Map<string, Map<string, Uint8Array>>()
  let duration = 0
  for (const seed of [0, 1]) {
    const directory = join(data, `whole ${seed}`)
    const started = performance.now()
    t.equal((await finish(startTraining(directory, data, seed))).status, 0)
    duration = performance.now() - started
    whole.set(await modelIn(directory), readFiles(directory))
  }
  t.equal(whole.size, 2, 'two seeds, two models')

  const directory = join(data, 'model')
  mkdirSync(directory)
  const random = createRandom(7)
  const outcomes = new Map<string, number>()
  const seen = new Set<string>()
  for (let run = 0; run < 20; run++) {
    const child = startTraining(directory, data, run % 2)
    const ended = finish(child)
    const kill = () => child.kill('SIGKILL')
    // By the clock; or, for the short time of writing, at one of the about 40 changes in the
    // directory; or at the
    // commit point and just behind it.
    const stop = new AbortController()
    if (run % 3 === 0) {
      const after = duration * (0.4 + 0.7 * random.uniform())
      sleep(after, undefined, { signal: stop.signal }).then(kill, () => {})
    } else {
      let left = 1 + random.below(40)
      const aim = run % 2 === 0 ? MANIFEST_FILE : PREPROCESSOR_FILE
      watch(directory, { signal: stop.signal }, (_, name) => {
        left--
        if (run % 3 === 1 ? left === 0 : name === aim) kill()
      })
    }
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

/** Runs as a user without rights to what root owns; root can write everything. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(NOBODY)
  try {
    await run()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

t.test('a directory that cannot be made or written fails before the training', async (t) => {
  const data = writeTrainingData(t.testdir({ file: '' }))
  const below = join(data, 'file/model')
  await t.rejects(openModelWriter(below), { ...unwritable, message: /file\/model".*ENOTDIR/ })
  await t.rejects(openModelWriter(join(data, 'file')), unwritable, 'a file')
  // The rows are not there either: the directory comes first.
  rmSync(join(data, 'data.csv'))
  const { status, said } = await finish(startTraining(below, data, 0))
  t.equal(status, 1)
  t.match(said, /^shapserve: ".*model" cannot be written by uid \d+: ENOTDIR\n$/)

  // Not below the project, which nobody may be allowed to enter.
  const parent = mkdtempSync(join(tmpdir(), 'shapserve-'))
  t.teardown(() => rmSync(parent, { recursive: true }))
  chmodSync(parent, 0o755)
  const closed = writeFiles(join(parent, 'closed'), oldFiles)
  chmodSync(closed, 0o555)
  await asNobody(async () => {
    await t.rejects(openModelWriter(closed), { ...unwritable, message: /uid \d+: EACCES/ })
    await t.rejects(openModelWriter(join(closed, 'new')), unwritable)
  })
  chmodSync(closed, 0o755)
  t.equal(await modelIn(closed), oldModel.modelId)

  const mounted = mountTmpfs(t, 256)
  if (!mounted) return
  await commit(mounted, oldModel)
  remount(mounted, 'ro')
  await t.rejects(openModelWriter(mounted), { ...unwritable, message: /EROFS/ })
  t.equal(await modelIn(mounted), oldModel.modelId)
})

t.test('two trainings in one directory', async (t) => {
  const data = writeTrainingData(t.testdir())
  const directory = writeFiles(join(data, 'model'), newFiles)
  const lock = join(directory, LOCK)
  const locked = { name: 'ArtifactError', code: 'locked', message: /\.lock/ }
  // It holds the lock as long as its rows have not come.
  const first = startTraining(directory, data, 0, { stdin: true })
  const ended = finish(first)
  for (let tries = 0; tries < 500 && !lockIsWritten(lock); tries++) await sleep(10)
  await t.rejects(openModelWriter(directory), locked)
  const second = await finish(startTraining(directory, data, 1))
  t.equal(second.status, 1, 'the second training ends')
  t.match(second.said, /^shapserve: another training writes to [^\n]*\n$/)
  t.match(
    readFileSync(lock, 'utf8'),
    new RegExp(`^${first.pid} `),
    'the lock is still that of the first',
  )
  t.equal(await modelIn(directory), newModel.modelId)
  first.stdin?.end(smallCsv(['a', 'b', 'c']))
  t.equal((await ended).status, 0, 'the first finishes')
  t.not(await modelIn(directory), newModel.modelId)
  t.strictSame(remnants(directory), [])

  const killed = startTraining(directory, data, 0, { stdin: true })
  const gone = finish(killed)
  for (let tries = 0; tries < 500 && !lockIsWritten(lock); tries++) await sleep(10)
  killed.kill('SIGKILL')
  await gone
  t.ok(existsSync(lock), 'a killed training leaves its lock')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'the lock of a dead process is taken over')
})

function lockIsWritten(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0
}

t.test('whose lock it is', async (t) => {
  const directory = writeFiles(t.testdir(), oldFiles)
  const lock = join(directory, LOCK)
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'close')
  const cases: [string, string, boolean][] = [
    ['a dead process', `${child.pid} ${hostname()}\n`, true],
    ['a living process', `${process.ppid} ${hostname()}\n`, false],
    ['the first process', `1 ${hostname()}\n`, false],
    ['a process of another host', `${child.pid} elsewhere.invalid\n`, false],
  ]
  for (const [what, text, isTaken] of cases) {
    writeFileSync(lock, text)
    if (isTaken) {
      const writer = await openModelWriter(directory)
      t.match(readFileSync(lock, 'utf8'), new RegExp(`^${process.pid} `), what)
      await writer.release()
      t.notOk(existsSync(lock), `${what}: released`)
    } else {
      await t.rejects(openModelWriter(directory), { code: 'locked' }, what)
      t.equal(readFileSync(lock, 'utf8'), text, `${what}: not touched`)
    }
    rmSync(lock, { force: true })
  }
  symlinkSync('/dev/zero', lock)
  await t.rejects(openModelWriter(directory), { code: 'locked' }, 'a link is not followed')
})

t.test('only files inside the directory are renamed', async (t) => {
  const directory = mountTmpfs(t, 1024) ?? t.testdir()
  // A mount point can neither be renamed nor replaced; other files and directories stay.
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

/** Makes the n-th fsync or rename fail with EIO. */
const failingLibrary = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
static int due(const char *name) {
  static int count = 0;
  const char *at = getenv(name);
  return at && ++count == atoi(at);
}
int fsync(int fd) {
  if (due("FAIL_FSYNC")) { errno = EIO; return -1; }
  return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(fd);
}
int rename(const char *from, const char *to) {
  if (due("FAIL_RENAME")) { errno = EIO; return -1; }
  return ((int (*)(const char *, const char *)) dlsym(RTLD_NEXT, "rename"))(from, to);
}
`

t.test('an input or output error at fsync or rename', async (t) => {
  const data = writeTrainingData(t.testdir({ 'fail.c': failingLibrary }))
  const library = join(data, 'fail.so')
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(data, 'fail.c'), '-ldl'], {
      stdio: 'ignore',
    })
  } catch {
    t.comment('no C compiler, so no failing library')
    return
  }
  const directory = join(data, 'model')
  // Seven files with the card, the directory, then the manifest is renamed: the commit point.
  const calls = [
    { call: 'FSYNC 1', isCommitted: false },
    { call: 'FSYNC 8', isCommitted: false },
    { call: 'RENAME 1', isCommitted: false },
    { call: 'FSYNC 9', isCommitted: true },
    { call: 'RENAME 3', isCommitted: true },
  ]
  const trained = await trainSmall('decision_tree')
  for (const { call, isCommitted } of calls) {
    rmSync(directory, { recursive: true, force: true })
    await commit(directory, newModel)
    const [name, count] = call.split(' ') as [string, string]
    const env = { LD_PRELOAD: library, [`FAIL_${name}`]: count }
    const { status, said } = await finish(startTraining(directory, data, 0, { env }))
    t.equal(status, 1, `${call}: refused`)
    t.match(said, /^shapserve: ".*model" cannot be written by uid \d+: EIO\n$/, call)
    const expected = isCommitted ? trained.modelId : newModel.modelId
    t.equal(await modelIn(directory), expected, `${call}: the model`)
    await commit(directory, thirdModel)
    await holds(t, directory, thirdModel, `${call}, then another training`)
  }
})

t.test('a place that is taken by a directory', async (t) => {
  for (const name of [...newFiles.keys()]) {
    const directory = writeFiles(join(t.testdir(), name), oldFiles)
    mkdirSync(join(directory, `${name}.next`))
    await t.rejects(commit(directory, newModel), unwritable, `${name}.next`)
    t.equal(await modelIn(directory), oldModel.modelId, `${name}.next: the old model`)
  }
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
