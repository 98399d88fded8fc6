/** Trainings onto a full disk, which has one page more every time. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, must, mustReach, type Part, tell } from './part.ts'
import { finish, heldIn, remnantsIn, startTraining, trainWholes } from './trainings.ts'

const PAGE = 4
const MOST_KIBIBYTES = 4096

function mount(directory: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const disk: Part = {
  what: 'a disk that is full at any write of a training: exit 1, the model before stays',
  seconds: 300,
  async run({ cli, seconds, directory }) {
    const { rows, wholes } = await trainWholes(cli, directory)
    const modelDir = join(directory, 'model')
    mkdirSync(modelDir)
    if (!mount(modelDir, `size=${MOST_KIBIBYTES}k`)) {
      console.log('notice: no right to mount a small file system, this part is left out')
      return []
    }
    try {
      await finish(startTraining(cli, rows, modelDir, 0))
      const before = await heldIn(modelDir, wholes)
      const df = execFileSync('df', ['--output=used', '-k', modelDir], { encoding: 'utf8' })
      const used = Number(/\d+/.exec(df))
      const end = performance.now() + seconds * 1000
      const wrong: string[] = []
      let refused = 0
      let size = used
      for (; performance.now() < end && size < MOST_KIBIBYTES; size += PAGE) {
        execFileSync('mount', ['-o', `remount,size=${size}k`, modelDir])
        const { status, said } = await finish(startTraining(cli, rows, modelDir, 1))
        const held = await heldIn(modelDir, wholes)
        if (status === 0) {
          if (held === before || !wholes.has(held)) wrong.push(`${size} KiB, exit 0: ${held}`)
          break
        }
        refused++
        const isRight = status === 1 && /ENOSPC/.test(said) && held === before
        if (!isRight || remnantsIn(modelDir).length > 0)
          wrong.push(
            `${size} KiB, exit ${String(status)}, ${held}, ${remnantsIn(modelDir)}: ${said}`,
          )
      }
      for (const what of wrong) console.log(what)
      const figures: Figure[] = [
        tell('sizes of the disk, a page apart', refused),
        tell('KiB beside the model before in which a training has room', size - used),
        mustReach('trainings that found it full', refused, 10),
        must('without exit 1, ENOSPC and the model before, whole and alone', wrong.length, 0),
      ]
      return figures
    } finally {
      execFileSync('umount', [modelDir])
    }
  },
}
