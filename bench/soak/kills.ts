/** Kills trainings at random moments, and looks at what is left of the model before. */
import { mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../../src/data/random.ts'
import { must, mustBe, type Part, tell } from './part.ts'
import { finish, heldIn, remnantsIn, startTraining, trainWholes } from './trainings.ts'

const WANTED = 200
/** Changes in the directory that a training makes, about. */
const CHANGES = 40

export const kills: Part = {
  what: `kill -9 during ${WANTED} trainings into one directory: the model before or the new one, whole`,
  seconds: 300,
  async run({ cli, seconds, directory }) {
    const { rows, wholes } = await trainWholes(cli, directory)
    const modelDir = join(directory, 'model')
    mkdirSync(modelDir)
    const random = createRandom(3)
    const first = performance.now()
    await finish(startTraining(cli, rows, modelDir, 0))
    const lasts = performance.now() - first
    const end = performance.now() + seconds * 1000
    const wrong: string[] = []
    const counts = { killed: 0, writing: 0, finished: 0, replaced: 0 }
    let before = await heldIn(modelDir, wholes)
    let runs = 0
    for (; runs < WANTED && performance.now() < end; runs++) {
      const child = startTraining(cli, rows, modelDir, (runs + 1) % 2)
      const ended = finish(child)
      // Every other one while it writes, the rest at any time.
      const stop = new AbortController()
      let left = 1 + random.below(CHANGES)
      if (runs % 2 === 0) setTimeout(() => child.kill('SIGKILL'), random.uniform() * lasts)
      else
        watch(modelDir, { signal: stop.signal }, () => {
          if (--left === 0) child.kill('SIGKILL')
        })
      const { status } = await ended
      stop.abort()
      counts[status === 0 ? 'finished' : 'killed']++
      if (remnantsIn(modelDir).some((name) => name.endsWith('.next'))) counts.writing++
      const held = await heldIn(modelDir, wholes)
      if (!wholes.has(held)) wrong.push(`run ${runs}: ${held}`)
      else if (held !== before) counts.replaced++
      before = held
    }
    const { status } = await finish(startTraining(cli, rows, modelDir, 0))
    for (const what of wrong) console.log(what)
    return [
      tell('trainings', runs),
      tell('killed', counts.killed),
      tell('of those with files half written', counts.writing),
      tell('ended before they were killed', counts.finished),
      tell('the model was another afterwards', counts.replaced),
      must('neither the model before nor the new one, byte for byte', wrong.length, 0),
      mustBe('exit status of a training afterwards', Number(status), 0),
      must('files that it left over', remnantsIn(modelDir).length, 0),
    ]
  },
}
