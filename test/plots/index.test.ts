/** Plots by name: what they are told, what they refuse, and that they show all there is. */
import t from 'tap'
import { drawModelPlot, drawPlot, plots } from '../../src/plots/index.ts'
import { commonOptions, type PlotOptions } from '../../src/plots/plot.ts'
import { questionOf } from '../../src/plots/tree-question.ts'
import type { Explanation, Explanations } from '../../src/shap/explanation.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { checkRefused } from '../tables.ts'
import { makeExplanations, makeModel } from './plotted.ts'

/** One row whose SHAP values are given, explained for as many outputs as there are lists. */
function explain(shapValues: readonly (readonly number[])[], rows = 1): Explanations {
  const featureNames = (shapValues[0] ?? []).map((_, j) => `f<${j}>`)
  const row: Explanation = {
    row: 1,
    predictedLabel: 'yes',
    probabilities: Float64Array.of(0.3, 0.7),
    outputNames: shapValues.map((_, k) => `class ${k}`),
    baseValues: shapValues.map(() => 0.4),
    outputs: shapValues.map((phi) => phi.reduce((sum, value) => sum + value, 0.4)),
    featureNames,
    data: featureNames.map((_, j) => (j % 3 === 0 ? null : j % 3 === 1 ? j / 3 : `"${j}" & more`)),
    shapValues: shapValues.map((phi) => Float64Array.from(phi)),
    additivityError: 0,
  }
  return {
    modelId: 'm',
    target: 'bought',
    classes: ['no', 'yes'],
    numericClasses: false,
    space: 'probability',
    method: 'tree_path_dependent',
    featureNames,
    rows: new Array(rows).fill(row),
  }
}

const values = [0.05, -0.2, 0, 0.11, -0.01, 0.02, 0.003, -0.004, 0.005, 0.006, 0.007, -0.008, 0.01]

const pushed = values.reduce((sum, value) => sum + value, 0)

function draw(given: Readonly<Record<string, string>>, explanations = explain([values])): string {
  return drawPlot(explanations, new Map(Object.entries(given)))
}

/** The bars of a waterfall, by what the description reads out: name and push, from the top down. */
function barsOf(svg: string): string[] {
  const [, description = ''] = /<desc>([^<]*)<\/desc>/.exec(svg) ?? []
  const text = description
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
  return text.split('; ').slice(1, -1)
}

t.test('a waterfall has a bar per column, or one for the smallest together', (t) => {
  for (const [maxBars, expected] of [
    [undefined, 12],
    ['2', 2],
    ['5', 5],
    ['12', 12],
    ['13', 13],
    ['1000', 13],
  ] as const) {
    const svg = draw(maxBars === undefined ? {} : { max_bars: maxBars })
    const bars = barsOf(svg)
    t.equal(svg.match(/class="bar"/g)?.length, expected, `max_bars ${maxBars}`)
    t.equal(bars.length, expected, 'and the description reads them all out')
    const pushes = bars.map((bar) => Number(bar.split(' ').at(-1)?.replace('−', '-')))
    const total = pushes.reduce((sum, push) => sum + push, 0)
    // Numbers are printed with four digits.
    t.ok(Math.abs(total - pushed) < 1e-4, 'they sum to what the columns add', { pushes })
    t.match(bars[0], /^f<1> = 0.333333 −0.2$/, 'the largest stands highest')
    t.notMatch(svg, 'f<', 'names are escaped')
  }
  t.equal(draw({ plot: 'waterfall' }), draw({}), 'it is what is drawn without a name')
  t.equal(draw({ header: 'absent', q: '0.5' }), draw({}), 'what it does not take is ignored')
  t.end()
})

t.test('every plot describes its options and draws with their defaults and limits', (t) => {
  const model = makeModel()
  const common: PlotOptions = commonOptions
  for (const [name, plot] of Object.entries(plots)) {
    t.ok(plot.description, name)
    const explanations = makeExplanations({
      rows: plot.rows === 'one' ? 1 : 9,
      columns: 5,
      interactions: plot.interactions,
    })
    const drawWith = (given: ReadonlyMap<string, string>) =>
      plot.drawModel ? drawModelPlot(name, model, given) : drawPlot(explanations, given)
    for (const [option, spec] of Object.entries({ ...plot.options, ...common })) {
      t.ok(spec.description, `${name}: ${option}`)
      const values =
        spec.kind === 'choice'
          ? spec.choices
          : spec.kind === 'whole'
            ? [spec.minimum, spec.default]
            : []
      for (const value of values)
        t.match(
          drawWith(
            new Map([
              ['plot', name],
              [option, String(value)],
            ]),
          ),
          /^<svg [\s\S]*<\/svg>\n$/,
        )
      const wrong = new Map([
        ['plot', name],
        [option, 'x'],
      ])
      if (spec.kind !== 'text')
        t.throws(() => drawWith(wrong), { code: 'invalid_option' }, `${option}=x`)
    }
  }
  t.end()
})

t.test('a drawing has the colours of both papers, or of the one asked for', (t) => {
  const auto = draw({})
  t.match(auto, /prefers-color-scheme:dark/)
  const [light, dark] = ['light', 'dark'].map((theme) => draw({ theme }))
  for (const svg of [light, dark]) t.notMatch(svg, /prefers-color-scheme/)
  t.not(light, dark)
  t.end()
})

t.test('many others leave the bars of columns their room, and grey is explained', (t) => {
  const longest = (svg: string) =>
    Math.max(
      ...[...svg.matchAll(/class="(?:up|down)" x="[^"]*" y="[^"]*" width="([^"]*)"/g)].map(
        ([, width]) => Number(width),
      ),
    )
  const rows = 8
  const bars = (columns: number) =>
    drawPlot(
      makeExplanations({ rows, columns, value: (row) => row / 10, cell: (row) => row }),
      new Map([
        ['plot', 'bar'],
        ['max_bars', '4'],
      ]),
    )
  const [few, many] = [bars(4), bars(400)]
  t.ok(longest(many) > longest(few) * 0.8, 'the others do not set the scale')
  t.match(
    many,
    /397 others[\s\S]*class="paper" d="M[\s\S]*>138\.9500</,
    'their bar has a gap, and its number',
  )
  t.match(many, /the last bar is cut/)
  t.notMatch(few, /is cut|class="paper" d=/)
  t.match(many, 'no one direction')
  t.notMatch(few, 'no one direction')
  t.end()
})

t.test('numbers of a picture have the same decimals', (t) => {
  const row = explain([[0.3, 0.000567, -0.0104, -1e-9]])
  const numbers = (plot: string) =>
    [...draw({ plot }, row).matchAll(/<text[^>]*>[^<]*?([+−]?[\d.]+(?:e-\d+)?)<\/text>/g)].map(
      ([, text]) => text,
    )
  for (const plot of ['waterfall', 'force', 'decision'])
    for (const text of ['+0.3000', '+0.0006', '−0.0104', '−1e-9'])
      t.ok(numbers(plot).includes(text), `${plot} ${text}`)
  t.end()
})

t.test('small interactions are printed in a smaller unit', (t) => {
  const made = { rows: 3, columns: 20, interactions: true }
  const draws = (scale: number) =>
    drawPlot(
      makeExplanations({ ...made, value: (row, column) => (scale * (row + column + 1)) / 30 }),
      new Map([
        ['plot', 'interactions'],
        ['max_bars', '20'],
      ]),
    )
  for (const [scale, unit] of [
    [0.3, /numbers in thousandths/],
    [0.01, /numbers in millionths/],
  ] as const) {
    const svg = draws(scale)
    t.match(svg, unit)
    t.ok([...svg.matchAll(/text-anchor="middle">\d[\d.]*<\/text>/g)].length >= 190, 'in every pair')
  }
  t.end()
})

t.test('a tree is of a class, a forest of several of all', (t) => {
  const titleOf = (classes: number) =>
    /<text[^>]*>(Tree[^<]*)</.exec(drawModelPlot('tree', makeModel(classes), new Map())!)?.[1]
  t.match(titleOf(2), /^Tree 1 of 1: .* = class 1$/)
  t.match(titleOf(3), /^Tree 1 of 1: [^=]*$/)
  t.end()
})

t.test('half is marked where predicted_label goes by it; curves differ without colours', (t) => {
  const thresholds = (classes: number) => {
    const model = makeModel(classes)
    return drawModelPlot('threshold', model, new Map([['output', model.classes[1]!]]))!
  }
  t.match(thresholds(2), '>0.5: predicted_label<')
  t.notMatch(thresholds(3), 'predicted_label')
  const dashes = [...thresholds(2).matchAll(/<path class="k\d curve"( stroke-dasharray="[^"]*")?/g)]
  t.equal(new Set(dashes.map(([, dash]) => dash)).size, 4)
  t.end()
})

t.test('refused', async (t) => {
  const cases: [string, Readonly<Record<string, string>>, Explanations, RegExp][] = [
    [
      'a plot that there is not',
      { plot: 'waterfal' },
      explain([values]),
      /did you mean "waterfall"/,
    ],
    ['a name of the prototype', { plot: 'constructor' }, explain([values]), /"constructor"/],
    ['too few bars', { max_bars: '1' }, explain([values]), /from 2 to 1000/],
    ['bars that are no number', { max_bars: '1e2' }, explain([values]), /max_bars is "1e2"/],
    ['two outputs', {}, explain([values, values]), /shows one output; choose one class/],
  ]
  for (const [name, given, explanations, message] of cases)
    await checkRefused(t, () => draw(given, explanations), 'invalid_option', message, name)
  const many = () => draw({}, explain([values], 2))
  await checkRefused(t, many, 'one_row', /shows one row, the request has 2/, 'two rows')
})

t.test('a node asks for values of its column, whichever way that was scaled', (t) => {
  const tree = { threshold: Float64Array.of(-0.75), missingLeft: Uint8Array.of(0) }
  const questionBy = (comparison: '<=' | '<', scale: number) =>
    questionOf(
      { ...tree, comparison } as unknown as TreeEnsemble,
      0,
      { kind: 'number', column: 'age', mean: 10, scale },
      false,
    )
  t.strictSame(questionBy('<=', 4), { text: 'age ≤ 7', yesIsLeft: true })
  t.strictSame(questionBy('<', 4), { text: 'age < 7', yesIsLeft: true })
  t.strictSame(questionBy('<=', -4), { text: 'age ≥ 13', yesIsLeft: true })
  t.strictSame(questionBy('<', -4), { text: 'age > 13', yesIsLeft: true })
  t.end()
})
