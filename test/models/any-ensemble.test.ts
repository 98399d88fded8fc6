/** Tree ensembles of the whole generality as models: links, checks, storage, ways to explain, bounds of decisions. */
import t from 'tap'
import { decodeTensors, encodeTensors } from '../../src/artifact/safetensors.ts'
import { type Matrix, rowOf } from '../../src/data/matrix.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { f64, i32, type Tensor, u8 } from '../../src/data/tensor.ts'
import { ArtifactError } from '../../src/errors.ts'
import { impurityImportance } from '../../src/models/impurity-importance.ts'
import type { Link, ModelShape, TreesSpec } from '../../src/models/model.ts'
import { trees } from '../../src/models/trees.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { runs } from '../effort.ts'
import { bytesOfCodes, ensembleOutput } from '../trees/plain-trees.ts'
import {
  type Generality,
  generalities,
  randomCells,
  randomEnsemble,
  randomTable,
  randomValue,
} from '../trees/random-ensembles.ts'
import { distance } from '../trees/random-trees.ts'
import { writeProbabilities } from './ask-model.ts'

const FEATURES = 6
const none: Matrix = { rows: 0, columns: FEATURES, data: new Float64Array(0) }

const toSpec = (ensemble: TreeEnsemble, link: Link): TreesSpec => ({
  kind: 'trees',
  ...ensemble,
  link,
  vote: 'soft',
})

/** The links that scores of so many outputs can have. */
const linksOf = (outputs: number): Link[] =>
  outputs === 1 ? ['logit'] : ['softmax', 'one_vs_rest', 'sigmoid_each']

const shapeOf = ({ outputs }: TreeEnsemble): ModelShape => ({
  features: FEATURES,
  classes: Math.max(2, outputs),
})

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

/** Probabilities of scores as their definitions read. */
const definitions: Record<Link, (scores: number[]) => number[]> = {
  identity: (scores) => scores,
  logit: ([z = 0]) => [sigmoid(-z), sigmoid(z)],
  softmax: (scores) => shares(scores.map(Math.exp)),
  one_vs_rest: (scores) => shares(scores.map(sigmoid)),
  sigmoid_each: (scores) => scores.map(sigmoid),
}

function shares(weights: number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

t.test('every link: valid, predicted by definition, the same after storing', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const random = createRandom(i, 520)
    const ensemble = randomEnsemble(random, { features: FEATURES, ...generality })
    const shape = shapeOf(ensemble)
    for (const link of linksOf(ensemble.outputs)) {
      const name = `${generality.name}, ${link}`
      const spec = toSpec(ensemble, link)
      t.doesNotThrow(() => trees.check(spec, shape), name)
      const bytes = encodeTensors(trees.store(spec))
      const restored = trees.restore(decodeTensors(bytes, 'trees'))
      t.strictSame(restored, spec, `${name}: nothing is lost in a file`)
      t.strictSame(encodeTensors(trees.store(restored)), bytes, `${name}: nor are bytes`)
      let worst = 0
      const scores = new Float64Array(spec.outputs)
      const found = new Float64Array(shape.classes)
      for (let row = 0; row < 20; row++) {
        const x = randomCells(random, FEATURES)
        ensembleOutput(spec, x, scores)
        writeProbabilities(restored, x, found)
        worst = Math.max(worst, distance(found, definitions[link]([...scores])))
      }
      t.ok(worst <= 1e-14, `${name}: probabilities`, { worst })
    }
  }
  t.end()
})

t.test('sigmoids of single classes need not sum to 1', (t) => {
  const ensemble = randomEnsemble(createRandom(1, 521), { name: '', outputs: 3, isByOutput: true })
  const out = new Float64Array(3)
  writeProbabilities(toSpec(ensemble, 'sigmoid_each'), randomCells(createRandom(2), 6), out)
  t.ok(Math.abs(out.reduce((sum, p) => sum + p, 0) - 1) > 0.01)
  t.end()
})

const general: Generality = { name: '', outputs: 3, count: 5, features: FEATURES, isByOutput: true }
const whole = toSpec(
  randomEnsemble(createRandom(3, 522), { ...general, changes: { scale: 1.5, aggregation: 'sum' } }),
  'softmax',
)
const shape = shapeOf(whole)

t.test('what only this generality can have wrong is refused', (t) => {
  const { output, view, views, base, feature } = whole as Required<TreesSpec>
  const nodes = feature.length
  const through = view.findIndex((number) => number >= 0)
  const numbers = views.findIndex(({ kind }) => kind === 'missing_as_zero')
  const codes = views.findIndex(({ kind }) => kind === 'codes_left')
  const withView = (number: number, changes: object) => ({
    views: views.map((own, i) => (i === number ? { ...own, ...changes } : own)),
  })
  const refusals: [string, Partial<TreesSpec>, RegExp][] = [
    ['too few outputs', { output: output.slice(1) }, /output has 4 entries for 5 trees/],
    ['an output beyond', { output: output.with(1, 3) }, /tree 1 adds to output 3 of 3/],
    ['a negative output', { output: output.with(1, -1) }, /output -1/],
    ['one value for vectors', { output: undefined as never }, /nodes × outputs/],
    ['values for vectors', { value: new Float64Array(3 * nodes) }, /nodes × one output/],
    ['a base too short', { base: base.slice(1) }, /base has 2 entries for 3/],
    ['a short view', { view: view.slice(1) }, /view has/],
    ['a view beyond', { view: view.with(through, views.length) }, /looks through view/],
    ['a view below', { view: view.with(through, -2) }, /view -2/],
    ['views nobody looks through', { view: undefined as never }, /views/],
    ['nodes without views', { views: [] }, /views/],
    [
      'the view of another feature',
      withView(view[through] as number, { feature: ((feature[through] as number) + 1) % 6 }),
      /a view of another/,
    ],
    ['codes of numbers', withView(numbers, { codes: Uint8Array.of(1) }), /numbers has codes/],
    ['an empty byte', withView(codes, { codes: Uint8Array.of(1, 0) }), /end in an empty byte/],
    [
      'more than 2^20 codes',
      withView(codes, { codes: new Uint8Array(2 ** 17 + 1).fill(1) }),
      /at most 1048576/,
    ],
    ...[0, -1, Number.NaN, 1 / 0].map((scale): [string, Partial<TreesSpec>, RegExp] => [
      `scale ${scale}`,
      { scale },
      /scale is/,
    ]),
    ['a scaled probability', { link: 'identity', aggregation: 'mean' }, /a base or a scale/],
    [
      'shares of one class',
      { link: 'identity', aggregation: 'mean', scale: 1, base: new Float64Array(3) },
      /shares of all classes/,
    ],
  ]
  t.ok(through >= 0 && numbers >= 0 && codes >= 0)
  for (const [what, changes, message] of refusals)
    t.throws(
      () => trees.check({ ...whole, ...changes }, shape),
      { name: 'ArtifactError', code: 'invalid', message },
      what,
    )
  t.doesNotThrow(() => trees.check(whole, shape))
  t.doesNotThrow(
    () =>
      trees.check(
        { ...whole, ...withView(codes, { codes: new Uint8Array(2 ** 17).fill(1) }) },
        shape,
      ),
    '2^20 codes',
  )
  t.end()
})

t.test('covers of 0 where no row came by, or none at all', (t) => {
  const cover = (whole.cover as Float64Array).map(() => 0)
  t.doesNotThrow(() => trees.check({ ...whole, cover }, shape))
  const { cover: _, ...bare } = whole
  t.doesNotThrow(() => trees.check(bare, shape))
  const file = trees.store(bare)
  t.equal(file.metadata.get('cover'), 'none', 'a file says so')
  t.notOk(file.tensors.has('cover'))
  t.strictSame(trees.restore(file), bare)
  const tensors = new Map(trees.store(whole).tensors)
  tensors.delete('cover')
  const { metadata } = trees.store(whole)
  t.throws(() => trees.restore({ metadata, tensors }), /no tensor "cover"/, 'a lost tensor is one')
  t.throws(
    () => trees.restore({ ...file, metadata: new Map([...file.metadata, ['cover', 'some']]) }),
    {
      code: 'invalid',
    },
  )
  const forest = { ...whole, link: 'identity' } as const
  t.ok(impurityImportance({ ...forest, output: undefined as never, outputs: 1 }, FEATURES, 'gini'))
  t.equal(impurityImportance({ ...bare, link: 'identity' }, FEATURES, 'gini'), undefined)
  t.end()
})

t.test('without covers a background explains, and without both nothing does', (t) => {
  const { cover: _, ...bare } = whole
  const background = randomTable(createRandom(4), 5, FEATURES)
  const list = (spec: TreesSpec, rows: Matrix) =>
    trees.offerExplainers(spec, shape, rows).map(({ method, refusal }) => [method, refusal ?? ''])
  const [path, interventional] = ['tree_path_dependent', 'tree_interventional']
  t.strictSame(list(whole, none), [[path, '']])
  t.strictSame(list(whole, background), [
    [path, ''],
    [interventional, ''],
  ])
  t.match(list(bare, background), [
    [interventional, ''],
    [path, /training rows that took them.*ask for method=tree_interventional/],
  ])
  t.match(list(bare, none), [[path, /no rows to explain against.*predictions only/]])
  const [offer] = trees.offerExplainers(bare, shape, background)
  const explainer = offer?.build()
  const x = randomCells(createRandom(5), FEATURES)
  const phi = new Float64Array(FEATURES)
  explainer?.explain(x, [1], phi)
  const sum = phi.reduce((total, own) => total + own, explainer?.baseValue(1) as number)
  t.ok(Math.abs(sum - (explainer?.output(x, 1) as number)) <= 1e-12, 'they add up')
  t.end()
})

t.test('a stored view with a part missing, of another type or length is refused', (t) => {
  const file = trees.store(whole)
  const restore = (name: string, tensor: Tensor | undefined) => () => {
    const tensors = new Map(file.tensors)
    if (tensor) tensors.set(name, tensor)
    else tensors.delete(name)
    const spec = trees.restore({ ...file, tensors })
    trees.check(spec, shape)
  }
  const refused = { name: 'ArtifactError', code: 'invalid' }
  for (const name of ['view', 'view_kind', 'view_feature', 'view_end', 'view_codes']) {
    const own = file.tensors.get(name) as Tensor
    t.throws(restore(name, undefined), refused, `no ${name}`)
    for (const other of [f64(new Float64Array(4)), i32(new Int32Array(4)), u8(new Uint8Array(4))])
      t.throws(restore(name, other), refused, `${name} as ${other.dtype}`)
    const short = { ...own, data: own.data.slice(1) } as Tensor
    t.throws(restore(name, short), refused, `a short ${name}`)
  }
  const ends = file.tensors.get('view_end')?.data as Int32Array
  for (const end of [-1, 2 ** 31 - 1, -(2 ** 31)])
    t.throws(restore('view_end', i32(ends.with(0, end))), refused, `an end at ${end}`)
  const kinds = file.tensors.get('view_kind')?.data as Uint8Array
  t.throws(restore('view_kind', u8(kinds.with(0, 4))), /unknown kind 4/)
  const nodes = whole.feature.length
  const many = new Uint8Array(nodes + 1)
  t.throws(restore('view_kind', u8(many)), /views for \d+ nodes/, 'more views than nodes')
  t.throws(restore('output', f64(new Float64Array(5))), refused)
  t.throws(restore('scale', f64(new Float64Array(2))), refused)
  t.throws(restore('scale', i32(Int32Array.of(2))), refused)
  t.end()
})

t.test('mutated files are refused, or a model that answers with numbers', (t) => {
  const random = createRandom(6, 523)
  const bytes = encodeTensors(trees.store(whole))
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const x = randomTable(random, 4, FEATURES)
  const seen = { accepted: 0, refused: 0 }
  const mutants = runs(1000)
  for (let run = 0; run < mutants; run++) {
    const changed = bytes.slice()
    for (let i = 0; i <= random.below(2); i++) {
      const at = header + random.below(bytes.length - header)
      changed[at] =
        random.below(3) === 0 ? random.below(256) : (changed[at] as number) ^ (1 << random.below(8))
    }
    try {
      const spec = trees.restore(decodeTensors(changed, 'trees'))
      trees.check(spec, shape)
      seen.accepted++
      const out = new Float64Array(4 * 3)
      trees.buildPredict(spec, shape)(x, out)
      const explainer = trees.offerExplainers(spec, shape, none)[0]?.build()
      const phi = new Float64Array(3 * FEATURES)
      explainer?.explain(rowOf(x, 0), [0, 1, 2], phi)
      // Huge but finite scores may overflow; nothing else may.
      const isHuge = [...spec.value, ...spec.base].some((value) => Math.abs(value) > 1e290)
      if (!isHuge && ![...out, ...phi].every(Number.isFinite)) t.fail(`no numbers: run ${run}`)
    } catch (error) {
      if (!(error instanceof ArtifactError && error.code === 'invalid')) throw error
      seen.refused++
    }
  }
  t.ok(seen.accepted > mutants / 10 && seen.refused > mutants / 10, JSON.stringify(seen))
  t.end()
})

/** Returns a box around a row: some features fixed, the others between two values. */
function randomBox(random: Random) {
  const low = randomCells(random, FEATURES)
  const high = low.map((from, j) => {
    if (Number.isNaN(from) || random.below(3) > 0) return from
    const to = randomValue(random, j)
    return Number.isNaN(to) ? from : to
  })
  return {
    low: low.map((from, j) => Math.min(from, high[j] as number)),
    high: high.map((to, j) => Math.max(to, low[j] as number)),
  }
}

t.test('bounds of a lead hold for every row of a box, and are exact for one row', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const random = createRandom(i, 524)
    const ensemble = randomEnsemble(random, { features: FEATURES, ...generality })
    for (const link of linksOf(ensemble.outputs).slice(0, 1)) {
      const spec = toSpec(ensemble, link)
      const bounds = trees.buildBounds(spec, shapeOf(spec))
      const scores = new Float64Array(spec.outputs)
      const leadOf = (label: number, x: Float64Array) => {
        ensembleOutput(spec, x, scores)
        if (link === 'logit') return (label === 1 ? 1 : -1) * (scores[0] as number)
        const rivals = scores.filter((_, k) => k !== label)
        return (scores[label] as number) - Math.max(...rivals)
      }
      let [loosest, worst] = [0, 0]
      for (let repeat = 0; repeat < 60; repeat++) {
        const { low, high } = randomBox(random)
        const label = random.below(shapeOf(spec).classes)
        const most = bounds.lead(label, low, high)
        for (let row = 0; row < 15; row++) {
          const x = low.map((from, j) => {
            const to = high[j] as number
            const inside = randomValue(random, j)
            return inside >= from && inside <= to ? inside : random.below(2) === 0 ? from : to
          })
          loosest = Math.max(loosest, leadOf(label, x) - most)
          worst = Math.max(worst, Math.abs(bounds.lead(label, x, x) - leadOf(label, x)))
        }
      }
      t.ok(loosest <= 1e-12, `${generality.name}: no row of a box leads by more`, { loosest })
      t.ok(worst <= 1e-12, `${generality.name}: a box of one row`, { worst })
    }
  }
  t.end()
})

t.test('between two cuts of a feature nothing changes', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const random = createRandom(i, 525)
    const spec = toSpec(randomEnsemble(random, { features: FEATURES, ...generality }), 'softmax')
    const bounds = trees.buildBounds(spec, shapeOf(spec))
    const [first, second] = [new Float64Array(spec.outputs), new Float64Array(spec.outputs)]
    for (let feature = 0; feature < FEATURES; feature++) {
      const cuts = [-1e6, ...(bounds.cuts(feature) as Float64Array), 1e6]
      t.ok(
        cuts.every((cut, at) => at === 0 || cut > (cuts[at - 1] as number)),
        'they ascend',
      )
      cuts.slice(1).forEach((high, at) => {
        const low = cuts[at] as number
        const x = randomCells(random, FEATURES)
        const inside = [low + (high - low) * 0.01, low + (high - low) * 0.6].filter(
          (value) => value > low && value < high,
        )
        const [a, b] = inside.map((value) => x.with(feature, value))
        if (!a || !b) return
        ensembleOutput(spec, a, first)
        ensembleOutput(spec, b, second)
        t.same(first, second, `${generality.name}: feature ${feature} in (${low}, ${high})`)
      })
    }
  }
  t.end()
})

t.test('sets are written in one way only', (t) => {
  t.strictSame([...bytesOfCodes([0, 9])], [1, 2])
  t.end()
})
