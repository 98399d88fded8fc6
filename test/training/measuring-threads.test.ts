/** Measuring in threads: the same numbers as in the calling thread, in the order of the tasks. */
import t from 'tap'
import type { MeasuringAnswer, MeasuringTask } from '../../src/training/measuring-jobs.ts'
import { measuringThreads, openMeasuring } from '../../src/training/measuring-threads.ts'
import {
  type PermutationImportance,
  permutationImportance,
} from '../../src/training/permutation-importance.ts'
import { createTrainingThreads } from '../../src/training/threads.ts'
import { fit, plan, tableOf } from './fit-table.ts'

const table = tableOf(120)
const { artifact, predictor } = await fit(table, plan, {
  estimator: 'random_forest',
  engine: 'native',
  params: { n_estimators: 8 },
})
const X = predictor.preprocessor.transform(table)
const y = Int32Array.from({ length: table.length }, (_, row) => row % 2)
const ROWS = 24
const columns = predictor.preprocessor.featureNamesIn.length
const blocks = table.length / ROWS

/** Explains every block of rows, then shuffles every column. */
function taskOf(number: number): MeasuringTask {
  if (number >= blocks) {
    const from = number - blocks
    return { kind: 'shuffle', X, y, options: { seed: 3 }, columns: [from] }
  }
  const data = X.data.slice(number * ROWS * X.columns, (number + 1) * ROWS * X.columns)
  return { kind: 'explain', X: { ...X, rows: ROWS, data } }
}

async function run(nanoseconds: number, count: number, cutAfter = Number.POSITIVE_INFINITY) {
  const threads = { ...createTrainingThreads(), count }
  let started = 0
  const watched: typeof threads = {
    ...threads,
    measure(count, parts) {
      started += count
      return threads.measure(count, parts)
    },
  }
  const measuring = openMeasuring(predictor, artifact, watched, 16)
  const answers: MeasuringAnswer[] = []
  const turns: number[] = []
  try {
    const isWhole = await measuring.run({
      tasks: blocks + columns,
      nanoseconds,
      taskOf,
      take: (number, answer) => {
        answers[number] = answer
      },
      turn: async (done) => {
        turns.push(done)
      },
      isCut: () => turns.length > cutAfter,
    })
    return { isWhole, answers, turns, started }
  } finally {
    await measuring.close()
  }
}

t.test('threads measure what the calling one does', async (t) => {
  const here = await run(0, 3)
  t.equal(here.started, 0, 'little work stays here')
  t.ok(here.isWhole)
  const shuffled = here.answers.slice(blocks) as PermutationImportance[]
  const whole = permutationImportance(predictor, table, y, 3)
  t.strictSame(
    shuffled.flatMap((part) => part.columns),
    whole.columns,
    'parts have the numbers of the whole',
  )
  for (const count of [2, 3]) {
    const there = await run(1e9, count)
    t.equal(there.started, count)
    t.strictSame(there.answers, here.answers, `${count} threads`)
    t.strictSame(there.turns, here.turns)
  }
})

t.test('a training that is asked to end gives up what is not done', async (t) => {
  for (const nanoseconds of [0, 1e9]) {
    const { isWhole, answers } = await run(nanoseconds, 2, 2)
    t.notOk(isWhole)
    t.ok(answers.filter((answer) => answer !== undefined).length < blocks + columns)
  }
})

t.test('a thread must be worth its start', (t) => {
  t.equal(measuringThreads(1e8, 0, 8), 1)
  t.equal(measuringThreads(4e8, 0, 8), 2)
  t.equal(measuringThreads(1e12, 0, 8), 8)
  t.equal(measuringThreads(1.3e9, 152e6, 8), 1, 'nor is a large model copied for little')
  t.end()
})
