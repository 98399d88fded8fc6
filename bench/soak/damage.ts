/** A model directory with each file cut at every byte and with every bit flipped: refused in one line. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ArtifactError } from '../../src/errors.ts'
import { type LoadedModel, readModelDirectory } from '../../src/model-directory/read.ts'
import { trainModel } from './models.ts'
import { must, mustReach, type Part, tell } from './part.ts'

const MOST_MS = 1000
const LEAST_VARIANTS = 65_000
/** A problem is one line that can be printed. */
const LINE = /^[ -~…]{1,1024}$/

interface Count {
  variants: number
  /** Loaded as the same model: digits beyond a double's precision, and nothing else. */
  same: number
  longest: number
  readonly wrong: string[]
}

async function look(directory: string, whole: LoadedModel, count: Count, what: string) {
  const began = performance.now()
  count.variants++
  try {
    const { artifact } = await readModelDirectory(directory)
    if (isDeepStrictEqual(artifact, whole.artifact)) count.same++
    else count.wrong.push(`${what}: loaded`)
  } catch (error) {
    const isRefused = error instanceof ArtifactError && LINE.test(error.message)
    if (!isRefused) count.wrong.push(`${what}: ${String(error)}`)
  }
  count.longest = Math.max(count.longest, performance.now() - began)
}

export const damage: Part = {
  what: 'every truncation and every flipped bit of a model directory: refused in one line',
  seconds: 900,
  async run({ cli, seconds, directory }) {
    const modelDir = trainModel(cli, directory, 'logistic')
    const whole = await readModelDirectory(modelDir)
    const names = [...whole.files.keys()]
    const sizes = names.map((name) => readFileSync(join(modelDir, name)).length)
    const all = sizes.reduce((sum, size) => sum + 9 * size, 0)
    const end = performance.now() + seconds * 1000
    const cut: Count = { variants: 0, same: 0, longest: 0, wrong: [] }
    const flipped: Count = { variants: 0, same: 0, longest: 0, wrong: [] }
    for (const name of names) {
      const path = join(modelDir, name)
      const bytes = readFileSync(path)
      const file = openSync(path, 'r+')
      for (let at = bytes.length - 1; at >= 0 && performance.now() < end; at--) {
        ftruncateSync(file, at)
        await look(modelDir, whole, cut, `${name} cut at ${at}`)
      }
      writeSync(file, bytes, 0, bytes.length, 0)
      for (let bit = 0; bit < 8 * bytes.length && performance.now() < end; bit++) {
        const at = bit >> 3
        writeSync(file, Uint8Array.of(bytes[at]! ^ (1 << (bit & 7))), 0, 1, at)
        await look(modelDir, whole, flipped, `${name} byte ${at} bit ${bit & 7}`)
        writeSync(file, bytes, at, 1, at)
      }
      closeSync(file)
    }
    await readModelDirectory(modelDir)
    const { variants } = flipped
    for (const what of [...cut.wrong, ...flipped.wrong].slice(0, 20)) console.log(what)
    return [
      tell('bytes of the directory', all / 9),
      tell('cuts and flipped bits there are', all),
      mustReach('of those tried', cut.variants + variants, Math.min(all, LEAST_VARIANTS)),
      tell('loaded as the same model', cut.same + flipped.same),
      must('cuts not refused in one line', cut.wrong.length, 0),
      must('flipped bits not refused in one line', flipped.wrong.length, 0),
      must('longest', Math.max(cut.longest, flipped.longest), MOST_MS, 'ms'),
    ]
  },
}
