/** Runs the jobs of parts side by side, and gives their results in order. */
import type { JobResult, RowJob } from '../../answering/job.ts'
import { createJobPool, type JobPool } from '../../answering/pool.ts'
import { runRowJob } from '../../answering/row-job.ts'
import type { LoadedModel } from '../../model-directory/read.ts'
import type { Part } from '../../tables/row-files.ts'

export interface Runner {
  /** Parts that may be under way at a time. */
  readonly width: number
  run(job: RowJob): Promise<JobResult>
  close(): Promise<void>
}

/**
 * Returns a runner that answers the first part here, so that a small file starts no thread; workers do what follows, all
 * of them: nobody else waits. No more parts are under way than run and may wait, so none is refused.
 */
export function createRunner(model: LoadedModel, jobs: number): Runner {
  let pool: JobPool | undefined
  let isFirst = true
  return {
    width: jobs > 1 ? 2 * jobs : 1,
    async run(job) {
      if (isFirst || jobs <= 1) {
        isFirst = false
        return (await runRowJob(model.predictor, job, false)) as JobResult
      }
      pool ??= createJobPool(jobs, { predict: jobs, explain: jobs, all: jobs })
      return pool.run(model, job, new AbortController().signal)
    },
    close: async () => pool?.close(),
  }
}

/** Runs jobs side by side and yields their results in order. */
export async function* inOrder<Job, Result>(
  jobs: AsyncIterable<{ readonly part: Part; readonly job: Job }>,
  runner: { readonly width: number; run(job: Job): Promise<Result> },
): AsyncGenerator<{ readonly part: Part; readonly result: Result }> {
  const running: { readonly part: Part; readonly result: Promise<Result> }[] = []
  for await (const { job, part } of jobs) {
    const result = runner.run(job)
    // Whoever waits for it hears of a failure; until then it must not end the process.
    result.catch(() => {})
    running.push({ part, result })
    if (running.length < runner.width) continue
    const next = running.shift()!
    yield { part: next.part, result: await next.result }
  }
  for (const next of running) yield { part: next.part, result: await next.result }
}
