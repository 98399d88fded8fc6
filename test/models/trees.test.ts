import fc from 'fast-check'
import t from 'tap'
import { decodeTensors, encodeTensors } from '../../src/artifact/safetensors.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { f64, i32, type Tensor, u8 } from '../../src/data/tensor.ts'
import { ArtifactError } from '../../src/errors.ts'
import type { ModelShape, TreesSpec } from '../../src/models/model.ts'
import { MAX_DEPTH } from '../../src/models/tree-check.ts'
import { trees } from '../../src/models/trees.ts'
import { coversOf, defaultExplainer, writeProbabilities } from './ask-model.ts'

const shape: ModelShape = { features: 2, classes: 2 }

/**
 * Two trees, class shares of two classes:
 *
 *       0: x0 ≤ 0.5          5: x1 ≤ 2
 *      /           \         /       \
 *     1 (0.9)   2: x1 ≤ −1  6 (0.3)  7 (0.6)
 *                /     \
 *            3 (0.2)  4 (0)
 */
const forest: TreesSpec = {
  kind: 'trees',
  roots: Int32Array.of(0, 5),
  feature: Int32Array.of(0, -1, 1, -1, -1, 1, -1, -1),
  threshold: Float64Array.of(0.5, 0, -1, 0, 0, 2, 0, 0),
  left: Int32Array.of(1, -1, 3, -1, -1, 6, -1, -1),
  right: Int32Array.of(2, -1, 4, -1, -1, 7, -1, -1),
  missingLeft: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0),
  cover: Float64Array.of(10, 4, 6, 1, 5, 10, 2.5, 7.5),
  value: Float64Array.of(0, 0, 0.1, 0.9, 0, 0, 0.8, 0.2, 1, 0, 0, 0, 0.7, 0.3, 0.4, 0.6),
  outputs: 2,
  base: new Float64Array(2),
  comparison: '<=',
  precision: 'float64',
  aggregation: 'mean',
  link: 'identity',
  vote: 'soft',
}

/** The same trees with one score, as boosting makes them. */
const boosted: TreesSpec = {
  ...forest,
  value: Float64Array.of(0, 2, 0, -1, 0.5, 0, -0.25, 3),
  outputs: 1,
  base: Float64Array.of(0.125),
  aggregation: 'sum',
  link: 'logit',
}

const at = <T extends Int32Array | Float64Array | Uint8Array>(array: T, i: number, value: number) =>
  array.with(i, value) as T

const { feature, threshold, left, right, missingLeft, value, base, roots } = forest
const cover = coversOf(forest)

interface Refusal {
  readonly what: string
  readonly changes: Partial<TreesSpec>
  readonly message: RegExp
  readonly from?: TreesSpec
  readonly shape?: ModelShape
}

const refusals: readonly Refusal[] = [
  { what: 'no tree', changes: { roots: new Int32Array() }, message: /no tree/ },
  { what: 'no node', changes: { feature: new Int32Array() }, message: /entries for 0 nodes/ },
  {
    what: 'a short threshold',
    changes: { threshold: threshold.slice(1) },
    message: /threshold has 7/,
  },
  { what: 'a short left', changes: { left: left.slice(1) }, message: /left has 7/ },
  { what: 'a short right', changes: { right: right.slice(1) }, message: /right has 7/ },
  { what: 'a short cover', changes: { cover: cover.slice(1) }, message: /cover has 7/ },
  {
    what: 'a short missing_left',
    changes: { missingLeft: missingLeft.slice(1) },
    message: /missing_left has 7/,
  },
  { what: 'a short value', changes: { value: value.slice(1) }, message: /nodes × outputs/ },
  {
    what: 'a value per node',
    changes: { value: value.slice(0, feature.length) },
    message: /nodes × outputs/,
  },
  { what: 'too many outputs', changes: { outputs: 3 }, message: /3 outputs, expected 2/ },
  { what: 'no outputs', changes: { outputs: 0 }, message: /0 outputs, expected 2/ },
  { what: 'three classes', changes: {}, shape: { features: 2, classes: 3 }, message: /expected 3/ },
  {
    what: 'a logit of three classes',
    changes: {},
    from: boosted,
    shape: { features: 2, classes: 3 },
    message: /logit needs 2 classes/,
  },
  {
    what: 'a softmax with one score',
    changes: { link: 'softmax' },
    from: boosted,
    message: /1 outputs, expected 2/,
  },
  { what: 'a negative root', changes: { roots: at(roots, 1, -1) }, message: /root -1/ },
  { what: 'a root beyond the nodes', changes: { roots: at(roots, 1, 8) }, message: /root 8/ },
  { what: 'a root twice', changes: { roots: at(roots, 1, 0) }, message: /two trees/ },
  { what: 'a root inside a tree', changes: { roots: at(roots, 1, 2) }, message: /two parents/ },
  {
    what: 'a leaf of a tree as a root',
    changes: { roots: Int32Array.of(0, 5, 7) },
    message: /two parents/,
  },
  {
    what: 'a tree without a root',
    changes: { roots: Int32Array.of(0) },
    message: /node 5 has no parent/,
  },
  {
    what: 'the first tree without a root',
    changes: { roots: Int32Array.of(5) },
    message: /node 0 has no/,
  },
  { what: 'a child before its parent', changes: { left: at(left, 2, 1) }, message: /child 1/ },
  { what: 'a cycle', changes: { left: at(left, 2, 0) }, message: /node 2 has child 0/ },
  { what: 'a node as its own child', changes: { left: at(left, 2, 2) }, message: /child 2/ },
  { what: 'an absent child', changes: { left: at(left, 2, -1) }, message: /child -1/ },
  { what: 'a child beyond the nodes', changes: { right: at(right, 2, 8) }, message: /child 8/ },
  { what: 'a child far beyond', changes: { right: at(right, 2, 2 ** 31 - 1) }, message: /child/ },
  { what: 'a child far below', changes: { right: at(right, 2, -(2 ** 31)) }, message: /child/ },
  {
    what: 'a child of two nodes',
    changes: { left: at(left, 0, 3) },
    message: /node 1 has no parent/,
  },
  { what: 'one child twice', changes: { right: at(right, 2, 3) }, message: /two parents/ },
  { what: 'a root as a child', changes: { right: at(right, 2, 5) }, message: /two parents/ },
  { what: 'a leaf with a left child', changes: { left: at(left, 1, 3) }, message: /leaf 1/ },
  { what: 'a leaf with a right child', changes: { right: at(right, 1, 3) }, message: /leaf 1/ },
  {
    what: 'a feature too many',
    changes: { feature: at(feature, 0, 2) },
    message: /feature 2 of 2/,
  },
  { what: 'a negative feature', changes: { feature: at(feature, 0, -2) }, message: /feature -2/ },
  {
    what: 'an inner node made a leaf',
    changes: { feature: at(feature, 2, -1) },
    message: /leaf 2/,
  },
  {
    what: 'a leaf made an inner node',
    changes: { feature: at(feature, 3, 0) },
    message: /child -1/,
  },
  ...[Number.NaN, 1 / 0, -1 / 0].flatMap((bad): Refusal[] => [
    {
      what: `threshold ${bad}`,
      changes: { threshold: at(threshold, 2, bad) },
      message: /threshold/,
    },
    { what: `cover ${bad}`, changes: { cover: at(cover, 2, bad) }, message: /cover/ },
    { what: `a leaf's cover ${bad}`, changes: { cover: at(cover, 3, bad) }, message: /cover/ },
    { what: `leaf ${bad}`, changes: { value: at(value, 2, bad) }, message: /leaf 1/ },
    {
      what: `base ${bad}`,
      changes: { base: at(base, 0, bad) },
      from: boosted,
      message: /base holds/,
    },
    {
      what: `score ${bad}`,
      changes: { value: at(boosted.value, 1, bad) },
      from: boosted,
      message: /leaf 1/,
    },
  ]),
  {
    what: 'cover 0, with a sum that does not fit',
    changes: { cover: at(cover, 3, 0) },
    message: /node 2 has cover 6, its children have 5/,
  },
  {
    what: 'a negative cover, with a sum that fits',
    changes: { cover: at(at(cover, 3, -1), 4, 7) },
    message: /node 3 has cover -1/,
  },
  { what: 'a cover too large', changes: { cover: at(cover, 0, 11) }, message: /children have 10/ },
  { what: 'a cover a little off', changes: { cover: at(cover, 2, 6.0001) }, message: /children/ },
  {
    what: 'covers that overflow',
    changes: { cover: cover.map(() => 1.7e308) },
    message: /children/,
  },
  { what: 'missing_left 2', changes: { missingLeft: at(missingLeft, 0, 2) }, message: /yes or no/ },
  {
    what: 'a negative share',
    changes: { value: at(value, 2, -0.1) },
    message: /probability -0\.1/,
  },
  { what: 'a share over 1', changes: { value: at(value, 2, 1.1) }, message: /probability 1\.1/ },
  { what: 'shares below 1 in all', changes: { value: at(value, 2, 0.05) }, message: /sum to/ },
  { what: 'shares over 1 in all', changes: { value: at(value, 2, 0.2) }, message: /sum to/ },
  { what: 'a sum of shares', changes: { aggregation: 'sum' }, message: /mean of the trees/ },
  {
    what: 'shares on a base',
    changes: { base: Float64Array.of(0, 0.1) },
    message: /without a base/,
  },
]

t.test('a valid ensemble is accepted', (t) => {
  for (const spec of [forest, boosted]) {
    t.doesNotThrow(() => trees.check(spec, shape))
    t.doesNotThrow(() => trees.check({ ...spec, comparison: '<', precision: 'float32' }, shape))
  }
  const softmax: TreesSpec = { ...forest, link: 'softmax', base: Float64Array.of(1, -1) }
  t.doesNotThrow(() => trees.check(softmax, shape), 'scores may be of any size')
  t.doesNotThrow(() => trees.check({ ...softmax, aggregation: 'sum' }, shape))
  t.doesNotThrow(() => trees.check({ ...forest, cover: cover.map((w) => w * 1e-300) }, shape))
  t.doesNotThrow(() => trees.check(forest, { features: 9, classes: 2 }), 'features nobody asks')
  const unused = { threshold: at(threshold, 1, Number.NaN), value: at(value, 0, Number.NaN) }
  t.doesNotThrow(() => trees.check({ ...forest, ...unused }, shape), 'places that nobody reads')
  t.end()
})

t.test('an ensemble that is not one is refused', (t) => {
  for (const { what, changes, message, from = forest, shape: asked = shape } of refusals) {
    t.throws(
      () => trees.check({ ...from, ...changes }, asked),
      { name: 'ArtifactError', code: 'invalid', message },
      what,
    )
  }
  t.end()
})

/** A tree that goes right so many times; every left child is a leaf. */
function chain(depth: number): TreesSpec {
  const count = 2 * depth + 1
  const isInner = (node: number) => node % 2 === 0 && node < count - 1
  const integers = (of: (node: number) => number) =>
    Int32Array.from({ length: count }, (_, node) => of(node))
  return {
    ...boosted,
    roots: Int32Array.of(0),
    feature: integers((node) => (isInner(node) ? (node / 2) % 2 : -1)),
    threshold: new Float64Array(count),
    left: integers((node) => (isInner(node) ? node + 1 : -1)),
    right: integers((node) => (isInner(node) ? node + 2 : -1)),
    missingLeft: new Uint8Array(count),
    cover: Float64Array.from({ length: count }, (_, i) => (i % 2 === 0 ? depth + 1 - i / 2 : 1)),
    value: Float64Array.from({ length: count }, (_, node) => node),
  }
}

t.test(`more than ${MAX_DEPTH} levels are refused, however many`, (t) => {
  const deepest = chain(MAX_DEPTH)
  t.doesNotThrow(() => trees.check(deepest, shape))
  const explainer = defaultExplainer(deepest, shape)
  const x = Float64Array.of(1, 1)
  const phi = new Float64Array(2)
  explainer.explain(x, [1], phi)
  const sum = explainer.baseValue(1) + (phi[0] as number) + (phi[1] as number)
  t.ok(Math.abs(sum - explainer.output(x, 1)) < 1e-9, `the deepest is explained: ${sum}`)
  for (const depth of [MAX_DEPTH + 1, 1000, 100_000])
    t.throws(() => trees.check(chain(depth), shape), {
      code: 'invalid',
      message: /deeper than 256/,
    })
  t.end()
})

/**
 * Whether following the children from every root visits every node exactly once; knows nothing of
 * numbering.
 */
function isForest({ roots, feature, left, right }: TreesSpec): boolean {
  const visits = new Map<number, number>()
  const stack = [...roots]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const count = (visits.get(node) ?? 0) + 1
    if (count > 1 || node < 0 || node >= feature.length) return false
    visits.set(node, count)
    const children = [left[node] as number, right[node] as number]
    if (feature[node] !== -1) stack.push(...children)
    else if (children.some((child) => child !== -1)) return false
  }
  return visits.size === feature.length
}

t.test('accepted are exactly the forests whose children come after their parents', (t) => {
  const random = createRandom(21)
  const seen = { accepted: 0, refused: 0 }
  for (let run = 0; run < 15_000; run++) {
    const original =
      run % 2 === 0 ? randomStructure(random) : randomTrees(random, 1 + random.below(4))
    const spec = { ...original, left: original.left.slice(), right: original.right.slice() }
    if (run % 2 === 1) {
      // Valid trees with two places exchanged are nearly valid.
      const a = random.below(spec.left.length)
      const b = random.below(spec.left.length)
      const [one, other] = random.below(2) === 0 ? [spec.left, spec.left] : [spec.left, spec.right]
      const kept = one[a] as number
      one[a] = other[b] as number
      other[b] = kept
    }
    const inOrder = Array.from(spec.feature, (asked, node) =>
      asked === -1
        ? true
        : (spec.left[node] as number) > node && (spec.right[node] as number) > node,
    )
    const expected = isForest(spec) && !inOrder.includes(false)
    const accepted = isAccepted(balanced(spec))
    if (accepted !== expected) {
      t.fail(`${accepted ? 'accepted' : 'refused'}: ${JSON.stringify(describe(spec))}`)
      break
    }
    seen[accepted ? 'accepted' : 'refused']++
  }
  t.ok(seen.accepted > 500 && seen.refused > 500, JSON.stringify(seen))
  t.end()
})

const describe = ({ roots, feature, left, right }: TreesSpec) =>
  [roots, feature, left, right].map((array) => [...array])

function isAccepted(spec: TreesSpec): boolean {
  try {
    trees.check(spec, shape)
    return true
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'invalid') return false
    throw error
  }
}

/** Children, roots and leaves at random: hardly ever a tree. */
function randomStructure(random: Random): TreesSpec {
  const count = 1 + 2 * random.below(3)
  const integers = (of: (node: number) => number) =>
    Int32Array.from({ length: count }, (_, node) => of(node))
  const asked = integers(() => random.below(2) - 1)
  const child = (node: number) =>
    asked[node] === -1 && random.below(20) > 0 ? -1 : random.below(count + 2) - 1
  return {
    ...boosted,
    roots: random.below(4) > 0 ? Int32Array.of(0) : Int32Array.of(0, random.below(count)),
    feature: asked,
    threshold: new Float64Array(count),
    left: integers(child),
    right: integers(child),
    missingLeft: new Uint8Array(count),
    cover: new Float64Array(count).fill(1),
    value: new Float64Array(count),
  }
}

/** Returns the trees with covers that fit, as far as the structure lets them. */
function balanced(spec: TreesSpec): TreesSpec {
  const cover = new Float64Array(spec.feature.length).fill(1)
  for (let node = cover.length - 1; node >= 0; node--) {
    if (spec.feature[node] === -1) continue
    cover[node] = (cover[spec.left[node] as number] ?? 1) + (cover[spec.right[node] as number] ?? 1)
  }
  return { ...spec, cover }
}

/** Valid trees of random shape, thresholds, covers and scores. */
function randomTrees(random: Random, count: number): TreesSpec {
  const nodes: { asked: number; left: number; right: number }[] = []
  const starts: number[] = []
  const grow = (level: number): number => {
    const own = nodes.length
    const node = { asked: -1, left: -1, right: -1 }
    nodes.push(node)
    if (level < 5 && random.below(3) > 0) {
      node.asked = random.below(shape.features)
      node.left = grow(level + 1)
      node.right = grow(level + 1)
    }
    return own
  }
  for (let tree = 0; tree < count; tree++) starts.push(grow(0))
  const doubles = () => Float64Array.from(nodes, () => Math.round(random.uniform() * 8 - 4) / 2)
  const spec: TreesSpec = {
    ...boosted,
    roots: Int32Array.from(starts),
    feature: Int32Array.from(nodes, (node) => node.asked),
    threshold: doubles(),
    left: Int32Array.from(nodes, (node) => node.left),
    right: Int32Array.from(nodes, (node) => node.right),
    missingLeft: Uint8Array.from(nodes, () => random.below(2)),
    value: doubles(),
    comparison: random.below(2) === 0 ? '<' : '<=',
    precision: random.below(2) === 0 ? 'float32' : 'float64',
    aggregation: random.below(2) === 0 ? 'mean' : 'sum',
  }
  return balanced(spec)
}

/** Predicts one row by following the definition, recursively. */
function score(spec: TreesSpec, x: Float64Array): number {
  const follow = (node: number): number => {
    const asked = spec.feature[node] as number
    if (asked < 0) return spec.value[node] as number
    const raw = x[asked] as number
    const seen = spec.precision === 'float32' ? Math.fround(raw) : raw
    const limit = spec.threshold[node] as number
    const isLeft = Number.isNaN(raw)
      ? spec.missingLeft[node] === 1
      : spec.comparison === '<'
        ? seen < limit
        : seen <= limit
    return follow((isLeft ? spec.left[node] : spec.right[node]) as number)
  }
  const sum = [...spec.roots].reduce((total, root) => total + follow(root), 0)
  return (spec.aggregation === 'mean' ? sum / spec.roots.length : sum) + (spec.base[0] as number)
}

t.test('random trees: prediction by definition, additive, the same after storing', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 1, max: 5 }),
      // Half numbers meet the thresholds exactly; sums of floats only after rounding.
      fc.array(
        fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN), fc.constant(3e-8)),
        {
          minLength: 2,
          maxLength: 2,
        },
      ),
      (seed, count, halves) => {
        const original = randomTrees(createRandom(seed), count)
        trees.check(original, shape)
        const { metadata, tensors } = trees.store(original)
        const spec = trees.restore(decodeTensors(encodeTensors({ metadata, tensors }), 'trees'))
        t.strictSame(spec, original, 'nothing is lost in a file')
        const x = Float64Array.from(halves, (half) => half / 2)
        const probabilities = new Float64Array(2)
        writeProbabilities(spec, x, probabilities)
        const expected = 1 / (1 + Math.exp(-score(original, x)))
        const explainer = defaultExplainer(spec, shape)
        const phi = new Float64Array(4)
        explainer.explain(x, [0, 1], phi)
        for (const label of [0, 1]) {
          const sum =
            explainer.baseValue(label) + (phi[label * 2] as number) + (phi[label * 2 + 1] as number)
          const output = explainer.output(x, label)
          if (!(Math.abs(sum - output) < 1e-12)) throw new Error(`${sum} is not ${output}`)
        }
        return (
          Math.abs((probabilities[1] as number) - expected) < 1e-12 &&
          Math.abs((probabilities[0] as number) - (1 - expected)) < 1e-12
        )
      },
    ),
    { seed: 22, numRuns: 150 },
  )
  t.end()
})

t.test('which way a row goes', (t) => {
  const stump: TreesSpec = {
    ...forest,
    roots: Int32Array.of(0),
    feature: Int32Array.of(0, -1, -1),
    threshold: Float64Array.of(0.1, 0, 0),
    left: Int32Array.of(1, -1, -1),
    right: Int32Array.of(2, -1, -1),
    missingLeft: new Uint8Array(3),
    cover: Float64Array.of(2, 1, 1),
    value: Float64Array.of(0, 0, 1, 0, 0, 1),
  }
  const rounded = Math.fround(0.1)
  const goesLeft = (changes: Partial<TreesSpec>, x: number) => {
    const spec = { ...stump, ...changes }
    trees.check(spec, shape)
    const out = new Float64Array(2)
    writeProbabilities(spec, Float64Array.of(x, 0), out)
    return out[0] === 1
  }
  const single = { precision: 'float32', threshold: Float64Array.of(rounded, 0, 0) } as const
  const yes = { missingLeft: Uint8Array.of(1, 0, 0) }
  const below = { comparison: '<' } as const
  for (const [what, actual, expected] of [
    ['≤ at the threshold', goesLeft({}, 0.1), true],
    ['< at the threshold', goesLeft(below, 0.1), false],
    ['< below the threshold', goesLeft(below, 0.1 - 1e-16), true],
    ['≤ above it', goesLeft({}, 0.1 + 1e-16), false],
    ['float64 keeps the difference', goesLeft({}, rounded), false],
    ['float32 rounds the input, ≤', goesLeft(single, 0.1), true],
    ['float32 rounds the input, <', goesLeft({ ...single, ...below }, 0.1), false],
    ['missing goes right', goesLeft({}, Number.NaN), false],
    ['missing goes left', goesLeft(yes, Number.NaN), true],
    ['missing with <', goesLeft({ ...yes, ...below }, Number.NaN), true],
    ['−∞', goesLeft({}, -1 / 0), true],
    ['∞', goesLeft(yes, 1 / 0), false],
  ] as const)
    t.equal(actual, expected, what)
  t.end()
})

t.test('mean and sum, base and link', (t) => {
  const probabilities = (spec: TreesSpec, x: number[]) => {
    trees.check(spec, shape)
    const out = new Float64Array(2)
    writeProbabilities(spec, Float64Array.from(x), out)
    return [...out]
  }
  const near = (actual: number[], expected: number[]) =>
    actual.every((p, k) => Math.abs(p - (expected[k] as number)) < 1e-15)
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
  // Leaves 1 and 6; then leaves 3 and 6; then leaf 1 by a missing x0, and leaf 7.
  t.ok(near(probabilities(forest, [0, 0]), [0.4, 0.6]))
  t.ok(near(probabilities(forest, [1, -1]), [0.75, 0.25]))
  t.ok(near(probabilities(forest, [Number.NaN, 3]), [0.25, 0.75]))
  // 2 − 0.25 + 0.125, and half of it with a mean.
  t.ok(near(probabilities(boosted, [0, 0]), [sigmoid(-1.875), sigmoid(1.875)]))
  const mean: TreesSpec = { ...boosted, aggregation: 'mean' }
  t.ok(near(probabilities(mean, [0, 0]), [sigmoid(-1), sigmoid(1)]))
  const softmax: TreesSpec = { ...forest, link: 'softmax', base: Float64Array.of(0, 1) }
  t.ok(near(probabilities(softmax, [0, 0]), [sigmoid(0.4 - 1.6), sigmoid(1.6 - 0.4)]))
  const steep: TreesSpec = { ...boosted, base: Float64Array.of(-2000) }
  t.strictSame(probabilities(steep, [0, 0]), [1, 0], 'no overflow')
  const steepBoth: TreesSpec = { ...softmax, base: Float64Array.of(-2000, -3000) }
  t.strictSame(probabilities(steepBoth, [0, 0]), [1, 0], 'no overflow')

  const explainer = defaultExplainer(boosted, shape)
  t.equal(explainer.space, 'log_odds')
  t.equal(explainer.baseValue(0), -explainer.baseValue(1), 'a logit has one score for two classes')
  const phi = new Float64Array(4)
  explainer.explain(Float64Array.of(0, 0), [0, 1], phi)
  t.strictSame(
    [...phi.subarray(0, 2)],
    [...phi.subarray(2)].map((value) => 0 - value),
  )
  t.equal(defaultExplainer(forest, shape).space, 'probability')
  const one: TreesSpec = {
    ...forest,
    roots: Int32Array.of(0),
    feature: Int32Array.of(-1),
    threshold: new Float64Array(1),
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    missingLeft: new Uint8Array(1),
    cover: Float64Array.of(3),
    value: Float64Array.of(0.25, 0.75),
  }
  t.strictSame(probabilities(one, [0, 0]), [0.25, 0.75], 'a single leaf')
  defaultExplainer(one, shape).explain(Float64Array.of(0, 0), [1], phi)
  t.strictSame([...phi.subarray(0, 2)], [0, 0], 'has nothing to explain')
  t.end()
})

t.test('a stored ensemble with a part missing or of another type is refused', (t) => {
  const file = trees.store(forest)
  t.strictSame(trees.restore(file), forest)
  for (const [name, tensor] of file.tensors) {
    const tensors = new Map(file.tensors)
    tensors.delete(name)
    t.throws(() => trees.restore({ ...file, tensors }), {
      name: 'ArtifactError',
      code: 'invalid',
      message: new RegExp(`no tensor "${name}"`),
    })
    const others: Tensor[] = [
      f64(new Float64Array(8)),
      i32(new Int32Array(8)),
      u8(new Uint8Array(8)),
    ]
    for (const other of others.filter(({ dtype }) => dtype !== tensor.dtype)) {
      t.throws(() => trees.restore({ ...file, tensors: new Map([...tensors, [name, other]]) }), {
        code: 'invalid',
        message: new RegExp(`"${name}" has type ${other.dtype}, expected ${tensor.dtype}`),
      })
    }
  }
  for (const name of file.metadata.keys()) {
    for (const other of ['', 'other', 'none', 'toString']) {
      const metadata = new Map([...file.metadata, [name, other]])
      t.throws(() => trees.restore({ ...file, metadata }), {
        code: 'invalid',
        message: new RegExp(`${name} is "${other}", expected`),
      })
    }
    const metadata = new Map(file.metadata)
    metadata.delete(name)
    t.throws(() => trees.restore({ ...file, metadata }), { code: 'invalid' })
  }
  t.end()
})
