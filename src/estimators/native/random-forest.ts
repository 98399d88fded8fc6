/** The native engine's random forest. */
import type { Matrix } from '../../data/matrix.ts'
import { inTurns } from '../../data/steps.ts'
import { InputError } from '../../errors.ts'
import { classWeights, treeWeights } from '../class-weight.ts'
import type { Estimator, FitContext } from '../estimator.ts'
import { type Params, rowCount } from '../params.ts'
import { treeFitCost } from './fit-cost.ts'
import { createForestJob, type ForestSetup, type ForestTree } from './forest-job.ts'
import { finishTree, type GrownTree, joinTrees } from './grown-tree.ts'
import { createOutOfBag } from './out-of-bag.ts'
import { pruneTree } from './prune-tree.ts'
import { buildTrainingColumns } from './training-columns.ts'
import { readNodes, roomForGrowers } from './tree-grower.ts'
import { readLimits, treeParams } from './tree-params.ts'

/** Work, in rows · candidate columns · trees, below which starting threads costs more than it brings. */
const WORK_FOR_THREADS = 2_000_000

/** Breiman's random forest (2001) with the meaning of scikit-learn's RandomForestClassifier. */
export const randomForest: Estimator = {
  title: 'random forest',
  shortName: 'forest',
  unit: 'trees',
  scale: false,
  acceptsMissing: true,
  acceptsWeights: true,
  fitCost: treeFitCost,
  params: {
    n_estimators: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 100,
      description: 'number of trees',
    },
    ...treeParams,
    max_features: { ...treeParams.max_features, default: 'sqrt' },
    class_weight: {
      ...treeParams.class_weight,
      choices: ['none', 'balanced', 'balanced_subsample'],
      description: `${treeParams.class_weight.description}; balanced_subsample: balanced anew for the rows of every tree`,
    },
    bootstrap: {
      type: 'boolean',
      default: true,
      description: "whether a tree's rows are drawn with replacement; otherwise it sees all",
    },
    max_samples: {
      type: 'rows',
      default: null,
      description: 'rows drawn for a tree: a count or a share; none: as many as there are',
    },
    oob_score: {
      type: 'boolean',
      default: false,
      description: 'whether to measure the forest on the rows that trees have not drawn',
    },
    n_jobs: {
      type: 'integer',
      minimum: -1,
      maximum: 256,
      default: -1,
      isRunSetting: true,
      description:
        'threads, at most as many as there are cores; -1: as many. The model is the same with any number',
    },
  },
  searchSpace: {
    criterion: { kind: 'choice', values: ['gini', 'entropy'] },
    max_depth: { kind: 'choice', values: [null, 4, 6, 8, 11, 16, 24] },
    min_samples_leaf: { kind: 'log_integer', low: 1, high: 32 },
    max_features: { kind: 'choice', values: ['sqrt', 'log2', 0.3, 0.5, 0.8] },
    class_weight: { kind: 'choice', values: ['none', 'balanced'] },
  },

  async fit(X, y, classes, params, context) {
    const trees = params.n_estimators as number
    const setup = await buildSetup(X, y, params, context)
    const outOfBag = setup.tellsOutOfBag ? createOutOfBag(X, classes) : undefined
    const grown: GrownTree[] = []
    const keep = ({ tree: raw, outOfBag: left }: ForestTree) => {
      const nodes = pruneTree(readNodes(raw, classes), classes, params.ccp_alpha as number)
      const tree = finishTree(nodes, X, classes)
      grown.push(tree)
      if (left) outOfBag?.add(tree, left)
    }
    const threads = threadsFor(params, trees, setup, context)
    if (threads > 1) await growInThreads(threads, trees, setup, context, keep)
    else await growHere(trees, setup, context, keep)
    if (grown.length < trees) context.warn(`interrupted after ${grown.length} of ${trees} trees`)
    else await context.checkpoint(trees, trees)
    if (outOfBag) {
      const measured = outOfBag.measure(y)
      if (measured.rows < X.rows)
        context.warn(
          `${X.rows - measured.rows} rows were drawn by all trees and have no out-of-bag prediction; more trees give them one`,
        )
      context.outOfBag?.(measured)
    }
    return joinTrees(grown, classes)
  },
}

async function buildSetup(
  X: Matrix,
  y: Int32Array,
  params: Params,
  context: FitContext,
): Promise<ForestSetup> {
  const isBootstrapped = params.bootstrap as boolean
  if (!isBootstrapped && params.oob_score === true)
    throw new InputError(
      'invalid_parameter',
      'oob_score needs bootstrap true: otherwise no row is left out',
    )
  if (!isBootstrapped && params.max_samples !== null)
    throw new InputError(
      'invalid_parameter',
      'max_samples needs bootstrap true: otherwise all rows are used',
    )
  const classWeight = params.class_weight as string
  const balancesDraws = classWeight === 'balanced_subsample'
  const perClass = classWeights(balancesDraws ? 'none' : classWeight, y, context.classNames)
  return {
    data: await inTurns(buildTrainingColumns(X), () =>
      context.checkpoint(0, params.n_estimators as number),
    ),
    y,
    classNames: context.classNames,
    rowWeight: treeWeights(y, perClass, context.sampleWeight),
    limits: readLimits(params, X.columns),
    seed: context.seed,
    drawn: isBootstrapped ? rowCount(params.max_samples as number | null, X.rows) : null,
    balancesDraws,
    tellsOutOfBag: params.oob_score as boolean,
  }
}

function threadsFor(
  params: Params,
  trees: number,
  { data, limits, classNames }: ForestSetup,
  { threads }: FitContext,
): number {
  const asked = params.n_jobs as number
  if (asked === 0)
    throw new InputError('invalid_parameter', 'n_jobs is 0, expected -1 or a whole number from 1')
  if (!threads || data.rows * limits.maxFeatures * trees < WORK_FOR_THREADS) return 1
  // More threads than cores take memory and no less time.
  const wanted = Math.min(trees, threads.count, asked < 0 ? threads.count : asked)
  return wanted === 1 ? 1 : Math.min(wanted, roomForGrowers(data, classNames.length, limits))
}

async function growHere(
  trees: number,
  setup: ForestSetup,
  context: FitContext,
  keep: (grown: ForestTree) => void,
): Promise<void> {
  const grow = createForestJob(setup)
  for (let done = 0; done < trees; done++) {
    await context.checkpoint(done, trees)
    if (done > 0 && context.shouldStop?.()) return
    keep(grow(done))
  }
}

/** Trees come in any order and are kept in that of their numbers, so that the forest is the same with any number of threads. */
async function growInThreads(
  threads: number,
  trees: number,
  setup: ForestSetup,
  context: FitContext,
  keep: (grown: ForestTree) => void,
): Promise<void> {
  await context.checkpoint(0, trees)
  const group = (context.threads as NonNullable<FitContext['threads']>).start(threads, setup)
  try {
    const waiting = new Map<number, ForestTree>()
    let next = 0
    let kept = 0
    let isStopped = false
    const work = async () => {
      while (!isStopped && next < trees) {
        const number = next++
        waiting.set(number, (await group.run(number)) as ForestTree)
        for (let tree = waiting.get(kept); tree; tree = waiting.get(kept)) {
          waiting.delete(kept++)
          keep(tree)
        }
        if (isStopped) return
        await context.checkpoint(Math.min(kept, trees - 1), trees)
        if (kept > 0 && context.shouldStop?.()) isStopped = true
      }
    }
    const workers = Array.from({ length: threads }, work)
    await Promise.all(workers).catch((error) => {
      isStopped = true
      throw error
    })
  } finally {
    await group.close()
  }
}
