import fc from 'fast-check'
import t from 'tap'
import { decodeTensors, encodeTensors } from '../../src/artifact/safetensors.ts'
import { i32, u8 } from '../../src/data/tensor.ts'
import { linear } from '../../src/models/linear.ts'
import type { LinearSpec, ModelShape } from '../../src/models/model.ts'
import { defaultExplainer, writeProbabilities } from './ask-model.ts'

const binary: LinearSpec = {
  kind: 'linear',
  features: 3,
  coefficients: Float64Array.of(2, -0.5, 0),
  intercepts: Float64Array.of(0.25),
  means: Float64Array.of(1, -2, 7),
  link: 'logit',
}
const binaryShape: ModelShape = { features: 3, classes: 2 }

const several: LinearSpec = {
  kind: 'linear',
  features: 2,
  coefficients: Float64Array.of(1, 2, -1, 0.5, 0, -3),
  intercepts: Float64Array.of(0, 1, -1),
  means: Float64Array.of(0.5, 0.25),
  link: 'softmax',
}
const severalShape: ModelShape = { features: 2, classes: 3 }

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

function predict(spec: LinearSpec, shape: ModelShape, x: readonly number[]): number[] {
  linear.check(spec, shape)
  const out = new Float64Array(shape.classes)
  writeProbabilities(spec, Float64Array.from(x), out)
  return [...out]
}

const near = (actual: readonly number[], expected: readonly number[]) =>
  actual.length === expected.length &&
  actual.every((value, i) => Math.abs(value - (expected[i] as number)) < 1e-15)

t.test('a valid model is accepted', (t) => {
  t.doesNotThrow(() => linear.check(binary, binaryShape))
  t.doesNotThrow(() => linear.check(several, severalShape))
  t.doesNotThrow(() => linear.check({ ...several, link: 'one_vs_rest' }, severalShape))
  const two: LinearSpec = {
    ...several,
    coefficients: several.coefficients.slice(0, 4),
    intercepts: several.intercepts.slice(0, 2),
  }
  t.doesNotThrow(() => linear.check(two, { features: 2, classes: 2 }), 'softmax of two classes')
  t.end()
})

t.test('a model that is not one is refused', (t) => {
  const { coefficients, intercepts, means } = binary
  const refusals: [string, Partial<LinearSpec>, RegExp, LinearSpec?, ModelShape?][] = [
    [
      'fewer features',
      {},
      /3 features, the preprocessor makes 2/,
      binary,
      { features: 2, classes: 2 },
    ],
    [
      'more features',
      {},
      /3 features, the preprocessor makes 4/,
      binary,
      { features: 4, classes: 2 },
    ],
    ['a logit of three classes', {}, /needs 2 classes/, binary, { features: 3, classes: 3 }],
    ['a logit of one class', {}, /needs 2 classes/, binary, { features: 3, classes: 1 }],
    ['scores for another count', {}, /3 scores, expected 4/, several, { features: 2, classes: 4 }],
    ['two scores of a logit', { intercepts: Float64Array.of(0, 1) }, /2 scores, expected 1/],
    ['no score', { intercepts: new Float64Array() }, /0 scores, expected 1/],
    ['a softmax with one score', { link: 'softmax' }, /1 scores, expected 2/],
    ['a coefficient too few', { coefficients: coefficients.slice(1) }, /coefficients do not match/],
    [
      'a coefficient too many',
      { coefficients: Float64Array.of(...coefficients, 1) },
      /coefficients do not match/,
    ],
    ['a mean too few', { means: means.slice(1) }, /means do not match/],
    ['a mean too many', { means: Float64Array.of(...means, 1) }, /means do not match/],
    ...[Number.NaN, 1 / 0, -1 / 0].flatMap((bad): [string, Partial<LinearSpec>, RegExp][] => [
      [`coefficient ${bad}`, { coefficients: coefficients.with(2, bad) }, /coefficients hold/],
      [`intercept ${bad}`, { intercepts: intercepts.with(0, bad) }, /intercepts hold/],
      [`mean ${bad}`, { means: means.with(2, bad) }, /means hold/],
    ]),
  ]
  for (const [what, changes, message, from = binary, shape = binaryShape] of refusals) {
    t.throws(
      () => linear.check({ ...from, ...changes }, shape),
      { name: 'ArtifactError', code: 'invalid', message },
      what,
    )
  }
  t.end()
})

t.test('probabilities of a row', (t) => {
  // 0.25 + 2 · 1.5 − 0.5 · 4
  t.ok(near(predict(binary, binaryShape, [1.5, 4, 9]), [sigmoid(-1.25), sigmoid(1.25)]), 'logit')
  const scores = [1 + 2 * 2, 1 - 1 + 0.5 * 2, -1 - 3 * 2]
  const powers = scores.map(Math.exp)
  const sum = powers.reduce((a, b) => a + b)
  t.ok(
    near(
      predict(several, severalShape, [1, 2]),
      powers.map((p) => p / sum),
    ),
    'softmax',
  )
  const shares = scores.map(sigmoid)
  const total = shares.reduce((a, b) => a + b)
  t.ok(
    near(
      predict({ ...several, link: 'one_vs_rest' }, severalShape, [1, 2]),
      shares.map((p) => p / total),
    ),
    'one against the rest',
  )
  t.end()
})

t.test('scores beyond what a power can hold', (t) => {
  const far = (link: LinearSpec['link'], ...intercepts: number[]) =>
    predict({ ...several, link, intercepts: Float64Array.from(intercepts) }, severalShape, [0, 0])
  t.strictSame(far('softmax', 2000, 1000, -5000), [1, 0, 0])
  t.ok(near(far('softmax', -2000, -2000, -2000), [1 / 3, 1 / 3, 1 / 3]))
  t.strictSame(far('one_vs_rest', 2000, -2000, -2000), [1, 0, 0])
  t.ok(near(far('one_vs_rest', -2000, -2000, -2000), [1 / 3, 1 / 3, 1 / 3]), 'none of them')
  const steep = (intercept: number) =>
    predict({ ...binary, intercepts: Float64Array.of(intercept) }, binaryShape, [0, 0, 0])
  t.strictSame(steep(2000), [0, 1])
  t.strictSame(steep(-2000), [1, 0])
  const [, small = 0] = steep(-720)
  t.ok(small > 0 && small < 1e-300, 'a small probability is not rounded to 0')
  t.end()
})

t.test('SHAP values: coefficient × distance from the mean', (t) => {
  const explainer = defaultExplainer(binary, binaryShape)
  t.equal(explainer.space, 'log_odds')
  t.equal(explainer.method, 'linear_interventional')
  // The score at the means: 0.25 + 2 · 1 − 0.5 · −2.
  t.equal(explainer.baseValue(1), 3.25)
  t.equal(explainer.baseValue(0), -3.25)
  const phi = new Float64Array(6)
  explainer.explain(Float64Array.of(1.5, 4, 9), [0, 1], phi)
  t.strictSame([...phi], [-1, 3, 0, 1, -3, 0])
  t.notOk(
    [...phi].some((value) => Object.is(value, -0)),
    'no negative zero',
  )
  t.equal(explainer.output(Float64Array.of(1.5, 4, 9), 1), 1.25)
  t.equal(explainer.output(Float64Array.of(1.5, 4, 9), 0), -1.25)
  t.end()
})

const number = fc.double({ min: -1e3, max: 1e3, noNaN: true })
const modelArbitrary = fc
  .record({
    features: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 2, max: 4 }),
    link: fc.constantFrom('logit', 'softmax', 'one_vs_rest'),
    numbers: fc.array(number, { minLength: 64, maxLength: 64 }),
  })
  .map(({ features, classes: asked, link, numbers }) => {
    const classes = link === 'logit' ? 2 : asked
    const scores = link === 'logit' ? 1 : classes
    const take = (from: number, count: number) =>
      Float64Array.from(numbers.slice(from, from + count))
    const spec: LinearSpec = {
      kind: 'linear',
      features,
      coefficients: take(0, scores * features),
      intercepts: take(24, scores),
      means: take(30, features),
      link,
    }
    return { spec, shape: { features, classes }, x: take(40, features) }
  })

t.test('random models: additive, a distribution, the same after storing', (t) => {
  fc.assert(
    fc.property(modelArbitrary, ({ spec, shape, x }) => {
      linear.check(spec, shape)
      const { metadata, tensors } = linear.store(spec)
      const stored = linear.restore(decodeTensors(encodeTensors({ metadata, tensors }), 'linear'))
      t.strictSame(stored, spec, 'nothing is lost in a file')
      const out = new Float64Array(shape.classes)
      writeProbabilities(stored, x, out)
      const isDistribution =
        out.every((p) => p >= 0 && p <= 1) && Math.abs(out.reduce((a, b) => a + b) - 1) < 1e-12
      if (!isDistribution) throw new Error(`probabilities ${out}`)
      const labels = Array.from(out, (_, label) => label)
      const explainer = defaultExplainer(stored, shape)
      const phi = new Float64Array(labels.length * shape.features)
      explainer.explain(x, labels, phi)
      for (const label of labels) {
        const own = phi.subarray(label * shape.features, (label + 1) * shape.features)
        const sum = own.reduce((total, value) => total + value, explainer.baseValue(label))
        const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 1e3)
        const output = explainer.output(x, label)
        if (!(Math.abs(sum - output) <= 1e-12 * scale)) throw new Error(`${sum} is not ${output}`)
      }
    }),
    { seed: 23, numRuns: 200 },
  )
  t.end()
})

t.test('a stored model with a part missing or of another type is refused', (t) => {
  const file = linear.store(binary)
  t.strictSame(linear.restore(file), binary)
  for (const name of file.tensors.keys()) {
    const tensors = new Map(file.tensors)
    tensors.delete(name)
    t.throws(() => linear.restore({ ...file, tensors }), {
      name: 'ArtifactError',
      code: 'invalid',
      message: new RegExp(`no tensor "${name}"`),
    })
    for (const other of [i32(new Int32Array(3)), u8(new Uint8Array(3))]) {
      t.throws(() => linear.restore({ ...file, tensors: new Map([...tensors, [name, other]]) }), {
        code: 'invalid',
        message: new RegExp(`"${name}" has type ${other.dtype}, expected F64`),
      })
    }
  }
  for (const link of [undefined, '', 'identity', 'Logit', 'constructor']) {
    const metadata = new Map(link === undefined ? [] : [['link', link]])
    t.throws(() => linear.restore({ ...file, metadata }), { code: 'invalid', message: /link is/ })
  }
  t.end()
})
