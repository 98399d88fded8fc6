/** Directories that cannot be written: said so, and what was there stays. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import {
  commit,
  finish,
  holds,
  modelIn,
  mountTmpfs,
  newFiles,
  newModel,
  oldFiles,
  oldModel,
  remount,
  startTraining,
  thirdModel,
  unwritable,
  writeTrainingData,
} from './commits.ts'
import { asNobody, remnants, trainSmall, writeFiles } from './model-files.ts'

// Many processes are started: a time limit is there for one that hangs, not for a busy machine.
t.setTimeout(1_800_000)

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
  writeFileSync(join(directory, '.ballast'), Buffer.alloc(64 << 10))
  await t.rejects(openModelWriter(directory), unwritable)
  rmSync(join(directory, '.ballast'))
  remount(directory, 'size=1024k')
  await t.resolves(commit(directory, oldModel), 'once there is space, no lock is in the way')
})

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
  // Ten files with the card and the report, the directory, then the manifest is renamed: the commit point.
  const calls = [
    { call: 'FSYNC 1', isCommitted: false },
    { call: 'FSYNC 11', isCommitted: false },
    { call: 'RENAME 1', isCommitted: false },
    { call: 'FSYNC 12', isCommitted: true },
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
