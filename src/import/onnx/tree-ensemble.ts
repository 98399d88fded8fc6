/** TreeEnsembleClassifier: nodes and votes as lists, keyed by the tree and the node. */
import type { TreesSpec } from '../../models/model.ts'
import { createEnsembleBuilder } from '../ensemble-builder.ts'
import { invalid, MAX_CLASSES, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'
import { linkOf, type OnnxClassifier } from './scores.ts'

/** Conditions: which comparison sends a row left, and whether that is where the condition fails. */
const MODES: Readonly<Record<string, { comparison: '<=' | '<'; isTurned: boolean }>> = {
  BRANCH_LEQ: { comparison: '<=', isTurned: false },
  BRANCH_LT: { comparison: '<', isTurned: false },
  BRANCH_GT: { comparison: '<=', isTurned: true },
  BRANCH_GTE: { comparison: '<', isTurned: true },
}

interface Tree {
  /** Places in the lists, by the node's own number. */
  readonly places: Map<number, number>
  /** Votes of leaves: places in the lists of votes. */
  readonly votes: Map<number, number[]>
}

/** @throws ArtifactError `invalid` or `foreign` */
export function readTreeEnsemble(
  node: OnnxNode,
  classes: readonly string[],
  width: number | undefined,
  isNormalised: boolean,
): Omit<OnnxClassifier, 'classes'> {
  return readTrees(node, 'class', width, (lists, trees) =>
    readScores(node, classes.length, lists, trees, isNormalised),
  )
}

/**
 * Returns a TreeEnsembleRegressor of so many targets, whose sums something behind it makes probabilities of.
 * @throws ArtifactError `invalid` or `foreign`
 */
export function readTreeScores(
  node: OnnxNode,
  width: number,
): Omit<OnnxClassifier, 'classes'> & { readonly spec: TreesSpec } {
  const outputs = node.whole('n_targets')
  if (!(outputs >= 1 && outputs <= MAX_CLASSES))
    throw invalid(`${node.where} has ${outputs} targets, 1 to ${MAX_CLASSES} are read`)
  const isSum = (node.text('aggregate_function') ?? 'SUM') === 'SUM'
  if (!isSum || (node.text('post_transform') ?? 'NONE') !== 'NONE')
    throw unsupported(`${node.where} does more with its trees than to add them, which is not read`)
  return readTrees(node, 'target', width, ({ voteClasses, weights, base }, trees) => {
    for (const own of voteClasses)
      if (!(own >= 0 && own < outputs))
        throw invalid(`${node.where} votes for target ${own} of ${outputs}`)
    if (base.length !== 0 && base.length !== outputs)
      throw invalid(`${node.where} has ${base.length} base values for ${outputs} targets`)
    return {
      ...addVotes(voteClasses, weights, trees, outputs, false),
      outputs,
      link: 'softmax',
      base: base.length === 0 ? new Float64Array(outputs) : base.slice(),
    }
  })
}

type Scores = ReturnType<typeof readScores>

function readTrees(
  node: OnnxNode,
  prefix: 'class' | 'target',
  width: number | undefined,
  read: (lists: Lists, trees: readonly Tree[]) => Scores,
): Omit<OnnxClassifier, 'classes'> & { readonly spec: TreesSpec } {
  const lists = readLists(node, prefix)
  const { treeIds, nodeIds, modes, values, features, yes, no, tracks } = lists
  const trees = groupTrees(lists)
  const scores = read(lists, trees)
  const most = features.reduce((max, own) => Math.max(max, own + 1), 1)
  if (!(most <= MAX_COLUMNS)) throw invalid(`${node.where} asks feature ${most - 1}`)
  const comparisons = new Set<'<=' | '<'>()
  const builder = createEnsembleBuilder({
    features: width ?? most,
    width: scores.width,
    hasCovers: false,
  })
  trees.forEach(({ places, votes }, number) => {
    const order = [...places.values()]
    const numberOf = new Map([...places.keys()].map((own, i) => [own, i]))
    const size = order.length
    const left = new Int32Array(size).fill(-1)
    const right = new Int32Array(size).fill(-1)
    const missingLeft = new Uint8Array(size)
    order.forEach((place, i) => {
      const mode = modes[place]!
      if (mode === 'LEAF') return
      const condition = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
      if (!condition)
        throw unsupported(
          `${node.where} splits by ${JSON.stringify(mode.slice(0, 64))}, which is not read`,
        )
      comparisons.add(condition.comparison)
      const [to, away] = [yes[place]!, no[place]!].map((child) => {
        const found = numberOf.get(child)
        if (found === undefined) throw invalid(`tree ${number} has no node ${child}`)
        return found
      })
      left[i] = condition.isTurned ? away! : to!
      right[i] = condition.isTurned ? to! : away!
      missingLeft[i] = (tracks[place] === 1) === condition.isTurned ? 0 : 1
    })
    builder.add(
      {
        nodes: size,
        left,
        right,
        feature: order.map((place) => features[place]!),
        threshold: order.map((place) => values[place]!),
        missingLeft,
        leaf: (i, out) => scores.write(votes.get(nodeIds[order[i]!]!) ?? [], out, number),
      },
      number,
    )
  })
  if (comparisons.size > 1)
    throw unsupported(`${node.where} compares with < and with ≤, which is not read`)
  if (treeIds.length === 0) throw invalid(`${node.where} has no tree`)
  return {
    estimator: scores.link === 'identity' ? 'random_forest' : 'gradient_boosting',
    features: width ?? most,
    knowsMissing: tracks.some((own) => own === 1),
    spec: {
      kind: 'trees',
      ...builder.finish(),
      ...(scores.output ? { output: scores.output } : {}),
      outputs: scores.outputs,
      link: scores.link,
      vote: 'soft',
      comparison: [...comparisons][0] ?? '<=',
      precision: node.has('nodes_values_as_tensor') ? 'float64' : 'float32',
      aggregation: scores.link === 'identity' ? 'mean' : 'sum',
      base: scores.base,
    },
  }
}

type Lists = ReturnType<typeof readLists>

function readLists(node: OnnxNode, prefix: 'class' | 'target') {
  const treeIds = node.wholes('nodes_treeids')
  const count = treeIds.length
  const sized = <T extends ArrayLike<unknown>>(list: T, name: string, length = count): T => {
    if (list.length === length) return list
    throw invalid(`${node.where}: ${name} has ${list.length} entries, expected ${length}`)
  }
  const numbers = (name: string) => node.tensor(`${name}_as_tensor`) ?? node.numbers(name)
  const voteTrees = node.wholes(`${prefix}_treeids`)
  const tracks = node.wholes('nodes_missing_value_tracks_true')
  return {
    treeIds,
    nodeIds: sized(node.wholes('nodes_nodeids'), 'nodes_nodeids'),
    modes: sized(node.texts('nodes_modes'), 'nodes_modes'),
    values: sized(numbers('nodes_values'), 'nodes_values'),
    features: sized(node.wholes('nodes_featureids'), 'nodes_featureids'),
    yes: sized(node.wholes('nodes_truenodeids'), 'nodes_truenodeids'),
    no: sized(node.wholes('nodes_falsenodeids'), 'nodes_falsenodeids'),
    tracks:
      tracks.length === 0 ? new Array<number>(count).fill(0) : sized(tracks, 'missing values'),
    voteTrees,
    voteNodes: sized(node.wholes(`${prefix}_nodeids`), `${prefix}_nodeids`, voteTrees.length),
    voteClasses: sized(node.wholes(`${prefix}_ids`), `${prefix}_ids`, voteTrees.length),
    weights: sized(numbers(`${prefix}_weights`), `${prefix}_weights`, voteTrees.length),
    base: numbers('base_values'),
  }
}

/** Trees in the order in which they appear; the first node of each is its root. */
function groupTrees(lists: Lists): Tree[] {
  const trees = new Map<number, Tree>()
  lists.treeIds.forEach((id, place) => {
    const tree = trees.get(id) ?? { places: new Map(), votes: new Map() }
    trees.set(id, tree)
    const own = lists.nodeIds[place]!
    if (tree.places.has(own)) throw invalid(`tree ${id} has the node ${own} twice`)
    tree.places.set(own, place)
  })
  lists.voteTrees.forEach((id, place) => {
    const tree = trees.get(id)
    const own = lists.voteNodes[place]!
    if (!tree?.places.has(own))
      throw invalid(`a vote is for node ${own} of tree ${id}, which is not there`)
    const votes = tree.votes.get(own)
    if (votes) votes.push(place)
    else tree.votes.set(own, [place])
  })
  return [...trees.values()]
}

/** What votes add up to: one score of the second of two classes, or one per class. */
function readScores(
  node: OnnxNode,
  classes: number,
  { voteClasses, weights, base }: Lists,
  trees: readonly Tree[],
  isNormalised: boolean,
): {
  width: number
  outputs: number
  /** The class of every tree, where each has one. */
  output?: Int32Array
  link: TreesSpec['link']
  base: Float64Array
  write(votes: readonly number[], out: Float64Array, tree: number): void
} {
  const named = new Set(voteClasses)
  const link = linkOf(node, isNormalised)
  const isSingle = classes === 2 && named.size === 1
  for (const own of named)
    if (!(own >= 0 && own < classes))
      throw invalid(`${node.where} votes for class ${own} of ${classes}`)
  const sum = (votes: readonly number[]) =>
    votes.reduce((total, place) => total + weights[place]!, 0)
  if (link === 'identity') {
    if (base.some((value) => value !== 0))
      throw unsupported(`${node.where} adds base values to probabilities, which is not read`)
    return {
      width: classes,
      outputs: classes,
      link,
      base: new Float64Array(classes),
      write(votes, out, tree) {
        if (isSingle) {
          out[1] = Math.min(1, trees.length * sum(votes))
          out[0] = 1 - out[1]
        } else {
          for (const place of votes) {
            const own = voteClasses[place]!
            out[own] = out[own]! + weights[place]!
          }
          // Shares are stored in single precision, divided by the number of trees.
          const total = out.reduce((all, share) => all + share, 0)
          for (let k = 0; k < out.length; k++) out[k] = out[k]! / total
        }
        if (!out.every((share) => share >= 0 && share <= 1))
          throw unsupported(
            `tree ${tree} of ${node.where} has votes that are no shares; its scores are no probabilities`,
          )
      },
    }
  }
  const outputs = isSingle ? 1 : classes
  if (classes === 2 && !isSingle && link !== 'softmax')
    throw unsupported(`${node.where} has two scores for two classes, which is not read`)
  if (base.length !== 0 && base.length !== outputs)
    throw invalid(`${node.where} has ${base.length} base values for ${outputs} scores`)
  return {
    ...addVotes(voteClasses, weights, trees, outputs, isSingle),
    outputs,
    link: isSingle ? 'logit' : link,
    base: base.length === 0 ? new Float64Array(outputs) : base.slice(),
  }
}

/** How votes are added: boosting of several classes has a tree per class. */
function addVotes(
  voteClasses: readonly number[],
  weights: Float64Array,
  trees: readonly Tree[],
  outputs: number,
  isSingle: boolean,
): Pick<Scores, 'width' | 'output' | 'write'> {
  const owners = trees.map(
    ({ votes }) => new Set([...votes.values()].flat().map((place) => voteClasses[place]!)),
  )
  const isPerClass = outputs > 1 && owners.every(({ size }) => size <= 1)
  return {
    width: isPerClass ? 1 : outputs,
    output: isPerClass ? Int32Array.from(owners, (own) => [...own][0] ?? 0) : undefined,
    write(votes, out) {
      for (const place of votes) {
        const own = isSingle || isPerClass ? 0 : voteClasses[place]!
        out[own] = out[own]! + weights[place]!
      }
    },
  }
}
