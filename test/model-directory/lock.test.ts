/** The lock of a model directory: one training at a time, and none that has ended is in the way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openModelWriter } from '../../src/model-directory/write.ts'
import {
  commit,
  finish,
  holds,
  LOCK,
  modelIn,
  newFiles,
  newModel,
  oldFiles,
  startTraining,
  waitForLock,
  writeTrainingData,
} from './commits.ts'
import { remnants, smallCsv, writeFiles } from './model-files.ts'

// Many processes are started: a time limit is there for one that hangs, not for a busy machine.
t.setTimeout(1_800_000)

t.test('two trainings in one directory', async (t) => {
  const data = writeTrainingData(t.testdir())
  const directory = writeFiles(join(data, 'model'), newFiles)
  const lock = join(directory, LOCK)
  const locked = { name: 'ArtifactError', code: 'locked', message: /\.lock/ }
  // It holds the lock as long as its rows have not come.
  const first = startTraining(directory, data, 0, { stdin: true })
  const ended = finish(first)
  await waitForLock(first, lock)
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
  await waitForLock(killed, lock)
  killed.kill('SIGKILL')
  await gone
  t.ok(existsSync(lock), 'a killed training leaves its lock')
  await commit(directory, newModel)
  await holds(t, directory, newModel, 'the lock of a dead process is taken over')
})

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
