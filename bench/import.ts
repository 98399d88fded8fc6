/**
 * Imported models beside the libraries that trained them, in CPU time of one core: predictions, contributions, what sets
 * of categories and zeros as missing cost, ten classes, loading. `npm run bench -- import [--trees N]… [--rounds 3]`.
 * PYTHON names an interpreter with xgboost, lightgbm, catboost and onnxruntime; those that are missing are left out.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareLoading } from './import/loading.ts'
import { measureModel, readTrees } from './import/measure.ts'
import { type ReferenceModel, startReference } from './import/reference.ts'
import { tenClasses } from './import/ten-classes.ts'

/** Least ratios, theirs by ours; undefined = shown only. */
const goals: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  xgboost: { explain_one: 15, explain_batch: 15, predict_one: 20, predict_batch: 1, onnx_one: 3 },
  lightgbm: { explain_one: 30, explain_batch: 50, predict_one: 20 },
  catboost: { explain_batch: 3, predict_one: 20 },
}

const { values } = parseArgs({
  options: {
    trees: { type: 'string', multiple: true, default: ['100', '500'] },
    rounds: { type: 'string', default: '3' },
  },
})
const rounds = Number(values.rounds)

// One core for this process, all its threads and Python, which inherits it.
const pinned = spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)]).status === 0
if (!pinned) console.log('notice: no taskset, nothing is pinned to one core')

const folder = mkdtempSync(join(tmpdir(), 'shapserve-bench-'))
const reference = startReference(folder)
try {
  await compareLibraries()
  await compareSplits()
  await compareClasses()
  const large = await reference.train('lightgbm_leaves', 500)
  if (large) await compareLoading(large)
} finally {
  reference.close()
  rmSync(folder, { recursive: true })
}

function table(title: string, columns: readonly string[]): void {
  console.log(`\n${title}\n\n| ${columns.join(' | ')} |\n|${columns.map(() => '---|').join('')}`)
}

async function compareLibraries(): Promise<void> {
  table('Beside the library, CPU µs per row', [
    ...['trees', 'what', 'theirs', 'ours', 'ratio', 'goal', ''],
  ])
  for (const trees of values.trees.map(Number)) {
    for (const name of Object.keys(goals)) {
      const model = await reference.train(name, trees)
      if (model) await compareCalls(model, `${name} ${model.version}, ${trees}`, goals[name]!)
    }
  }
}

/** Both sides in turns; a figure is the least of its rounds. */
async function compareCalls(
  model: ReferenceModel,
  title: string,
  goal: Readonly<Record<string, number>>,
): Promise<void> {
  const ours = measureModel(model)
  const least = new Map<string, readonly [number, number]>()
  for (let round = 0; round < rounds; round++) {
    for (const what of model.calls) {
      const here = ours(what.replace('onnx', 'predict'))
      const there = await reference.time(what)
      const [a, b] = least.get(what) ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      least.set(what, [Math.min(a, there), Math.min(b, here)])
    }
  }
  for (const [what, [there, here]] of least) {
    const wanted = goal[what]
    const verdict = wanted === undefined ? '' : there / here >= wanted ? 'reached' : 'MISSED'
    console.log(
      `| ${title} | ${what.replace('_', ', ')} | ${show(there)} | ${show(here)} | ${show(there / here)} | ${wanted ?? ''} | ${verdict} |`,
    )
  }
}

/** What a set of categories, or zero as missing, costs beside plain numbers: by leaf, because the trees are others. */
async function compareSplits(): Promise<void> {
  table('Sets and zeros beside plain splits, CPU ns per row and leaf', [
    ...['model', 'what', 'plain', 'special', 'ratio', 'goal', ''],
  ])
  const pairs = [
    ['xgboost', 'xgboost_categories'],
    ['lightgbm', 'lightgbm_zeros'],
  ] as const
  for (const [plain, special] of pairs) {
    const models = []
    for (const name of [plain, special]) {
      const model = await reference.train(name, 100)
      if (model) models.push({ ours: measureModel(model), leaves: readTrees(model).leaves })
    }
    if (models.length < 2) continue
    for (const what of ['predict_one', 'predict_batch', 'explain_one', 'explain_batch']) {
      const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      for (let round = 0; round < 2 * rounds; round++)
        for (const [i, { ours, leaves }] of models.entries())
          least[i] = Math.min(least[i]!, (ours(what) / leaves) * 1e3)
      const ratio = least[1]! / least[0]!
      console.log(
        `| ${special} | ${what.replace('_', ', ')} | ${least.map(show).join(' | ')} | ${show(ratio)} | 1.3 | ${ratio <= 1.3 ? 'reached' : 'MISSED'} |`,
      )
    }
  }
}

async function compareClasses(): Promise<void> {
  const model = await reference.train('xgboost_ten', 500)
  if (!model) return
  table('Ten classes, 500 trees: contributions, CPU µs per row', ['what', 'µs', 'ratio', 'goal'])
  for (const line of tenClasses(model, rounds)) console.log(line)
}

function show(value: number): string {
  return value.toPrecision(3)
}
