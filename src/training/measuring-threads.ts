/** Who does the tasks of measuring: the calling thread, or as many others as the work is worth. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { createMeasuringJob, type MeasuringAnswer, type MeasuringTask } from './measuring-jobs.ts'
import type { TrainingThreads } from './threads.ts'

/** Counted work that a thread must have to be started: it takes 60 to 100 ms until it begins. */
const NANOSECONDS_PER_THREAD = 1.5e8
/** Estimated nanoseconds until a thread has its own copy of a model, by the bytes of the model's arrays. */
const NANOSECONDS_PER_BYTE = 20

export interface Measuring {
  /**
   * Does tasks and hands over their answers in the order of their numbers, whichever thread is done first.
   * @param nanoseconds counted work of all of them
   * @param taskOf makes the task of a number when somebody is free for it
   * @param isCut asked before each task; what is being done then is given up
   * @returns whether all were done
   */
  run(work: {
    readonly tasks: number
    readonly nanoseconds: number
    readonly taskOf: (number: number) => MeasuringTask
    readonly take: (number: number, answer: MeasuringAnswer) => void
    readonly turn: (done: number) => Promise<void>
    readonly isCut: () => boolean
  }): Promise<boolean>
  /** Ends the threads. */
  close(): Promise<void>
}

/**
 * Returns how many threads so much counted work is divided between; 1 = the calling one alone. A large model is copied
 * only where there is much to do, which bounds the memory too.
 * @param bytes of the model's arrays
 */
export function measuringThreads(nanoseconds: number, bytes: number, most: number): number {
  const start = NANOSECONDS_PER_THREAD + bytes * NANOSECONDS_PER_BYTE
  return Math.max(1, Math.min(most, Math.floor(nanoseconds / start)))
}

/** Returns the bytes of all arrays of numbers in plain data. */
function arrayBytes(data: unknown): number {
  if (ArrayBuffer.isView(data)) return data.byteLength
  if (typeof data !== 'object' || data === null) return 0
  return Object.values(data).reduce((sum: number, member) => sum + arrayBytes(member), 0)
}

/**
 * Returns who measures a model.
 * @param threads of this machine; absent: the calling one alone
 * @param most threads that the user allows
 */
export function openMeasuring(
  predictor: Predictor,
  parts: ArtifactParts,
  threads: TrainingThreads | undefined,
  most: number,
): Measuring {
  const here = createMeasuringJob(predictor)
  const bytes = arrayBytes(parts.model)
  let group: ReturnType<TrainingThreads['measure']> | undefined
  let started = 0
  const close = async () => {
    const ended = group
    group = undefined
    await ended?.close()
  }
  return {
    async run({ tasks, nanoseconds, taskOf, take, turn, isCut }) {
      const allowed = threads ? Math.min(threads.count, most) : 1
      const count = Math.min(tasks, measuringThreads(nanoseconds, bytes, allowed))
      if (count > 1 && count > started) {
        await close()
        group = threads?.measure(count, parts)
        started = count
      }
      const run = async (task: MeasuringTask) => (count > 1 && group ? group.run(task) : here(task))
      let [next, done, isGivenUp] = [0, 0, false]
      await turn(0)
      const work = async () => {
        while (next < tasks) {
          isGivenUp ||= isCut()
          if (isGivenUp) return
          const number = next++
          const answer = await run(taskOf(number))
          take(number, answer)
          await turn(++done)
        }
      }
      await Promise.all(Array.from({ length: count }, work)).catch((error) => {
        isGivenUp = true
        throw error
      })
      return !isGivenUp
    },
    close,
  }
}
