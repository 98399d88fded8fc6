/** report.html: what stands in it, and that nothing in it comes from elsewhere. */
import t, { type Test } from 'tap'
import { runSteps } from '../../src/data/steps.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { describeOmission, omissionLine } from '../../src/report/left-out.ts'
import { makeReport, writeReport } from '../../src/report/report.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { loadCheckpoint } from '../helper.ts'
import { fit } from '../training/fit-table.ts'

/** Tags that have no end. */
const EMPTY = new Set(['meta', '!doctype'])

/** Returns what is wrong with the nesting of a document's tags; nothing of one that is well-formed. */
function nestingFaults(html: string): string[] {
  const open: string[] = []
  const faults: string[] = []
  for (const [, slash, name = '', isClosed] of html.matchAll(
    /<(\/?)([!a-z][\w-]*)[^<>]*?(\/?)>/gi,
  )) {
    if (EMPTY.has(name.toLowerCase()) || isClosed) continue
    if (!slash) open.push(name)
    else if (open.pop() !== name) faults.push(`</${name}>`)
  }
  return [...faults, ...open]
}

function check(t: Test, html: string): void {
  t.strictSame(nestingFaults(html), [])
  const tags = html.match(/<[^>]*>/g) ?? []
  const names = new Set(tags.map((tag) => /^<\/?([!\w]*)/.exec(tag)?.[1]))
  for (const name of ['script', 'img', 'link', 'iframe', 'object', 'form', 'input'])
    t.notOk(names.has(name), name)
  for (const tag of tags) {
    if (/\son\w+=/.test(tag.replaceAll(/"[^"]*"/g, '""'))) t.fail(tag)
    if (/(?:src|href)="(?!#)|url\(/.test(tag)) t.fail(tag)
  }
  t.notMatch(html, /@import/)
  t.match(html, `content="default-src 'none'; style-src 'unsafe-inline'"`)
}

t.test('the model that ships', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const html = await writeReport(artifact, predictor, 1)
  check(t, html)
  t.equal(await writeReport(artifact, predictor, 1), html, 'the same bytes')
  t.ok(html.length < 2 ** 20)
  const figures = [...html.matchAll(/<figure><h3>([^<]*)/g)].map(([, title]) => title)
  t.strictSame(figures, [
    ...['Confusion matrix', 'Thresholds', 'ROC curve', 'Precision and recall', 'Calibration'],
    ...['Which columns push most', 'How they push, row by row', 'Which columns act together'],
    ...['How each row comes to its output', 'All rows side by side'],
    ...['Sex', 'Name', 'Pclass', 'Age', 'SibSp', 'Parch'].map((name) => `What ${name} does`),
    'The first tree',
  ])
  t.match(html, artifact.modelId)
  t.match(html, artifact.training.sha256)
  t.match(
    html,
    '<th scope="row">accuracy</th><td class="number">0.7939</td><td class="number">0.748 to 0.8397</td>',
  )
  t.match(html, '<th scope="row">Title</th><td>Name</td><td>one hot encoder</td>')
  t.match(html, '<th scope="row">Name</th><td>source of others</td><td>makes Title</td>')
  t.match(html, '<th scope="row">PassengerId</th><td>identifier</td><td>not used</td>')
  const quick = await writeReport(artifact, predictor, 0)
  check(t, quick)
  t.notMatch(quick, /<h3>(?:How they push|What Sex does)/)
  t.match(
    quick,
    'Left out, because it takes long: How they push, row by row; Which columns act together; How each row comes to its output; All rows side by side; What Sex does; What Name does; What Pclass does; What Age does; What SibSp does; What Parch does. <code>shapserve report DIR</code> draws them.',
  )
  t.notMatch(html, 'Left out')
  t.match(quick, 'Which columns push most')
})

t.test('of three classes each has its pictures', async (t) => {
  const rows = Array.from(
    { length: 120 },
    (_, i) => `${i % 10},${(i * 7) % 9},${'abc'[(i % 10) % 3]}`,
  )
  const table = readCsvTable(`x,z,y\n${rows.join('\n')}\n`)
  const { plan } = runSteps(inferPlan(table, 'y', new Map()))
  const { artifact } = await fit(table, plan, { estimator: 'decision_tree', engine: 'native' })
  const labels = { columns: {}, values: { y: { a: 'first' } } }
  const shown = { ...artifact, labels }
  const html = await writeReport(shown, buildPredictor(shown), 10)
  check(t, html)
  const figures = [...html.matchAll(/<figure><h3>([^<]*)/g)].map(([, title]) => title)
  for (const picture of ['Thresholds', 'How they push, row by row', 'Which columns act together'])
    t.strictSame(
      figures.filter((title) => title?.startsWith(`${picture}: `)),
      ['first', 'b', 'c'].map((name) => `${picture}: ${name}`),
    )
  t.ok(figures.includes('What x does'))
  for (const picture of ['How each row comes to its output', 'All rows side by side'])
    t.equal(figures.filter((title) => title?.startsWith(`${picture}: `)).length, 1, picture)
  // Time for all rows of one class and a few of the others.
  const predictor = buildPredictor(shown)
  const seconds = predictor.estimateSeconds(150, { output: 'a' })
  const brief = await writeReport(shown, predictor, seconds)
  t.equal(brief.match(/<h3>How they push, row by row: /g)?.length, 3, 'none takes all of the time')
})

t.test('what takes long is drawn of fewer rows, down to a few', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const rowsDrawn = async (rows: number) => {
    const html = await writeReport(artifact, predictor, predictor.estimateSeconds(rows, {}))
    check(t, html)
    const figure = /<h3>How they push, row by row<.*?<desc>(.*?)<\/desc>/s.exec(html)?.[1]
    return figure === undefined ? 0 : Number(/(\d+) rows/.exec(figure)?.[1])
  }
  for (const [rows, expected] of [
    [200, 100],
    [40.5, 40],
    [24.5, 24],
    [23.5, 0],
  ] as const)
    t.equal(await rowsDrawn(rows), expected)
})

t.test('what is left out is told: who draws it, or that it takes too long', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const told = async (seconds: number) => {
    const { omission } = await makeReport(artifact, slowDown(predictor, seconds), 0)
    return [omissionLine(omission, 'report DIR'), describeOmission(omission)[0]!.html]
  }
  const names = 'report    without beeswarm, interactions, decision, stacked_force, dependence (6):'
  const [line, text] = await told(0.04)
  t.equal(line, `${names} report DIR draws them`)
  t.match(text, '</code> draws them.</p>')
  const [someLine, someText] = await told(0.7)
  t.match(someLine, /: report DIR draws 9 of them$/)
  t.match(someText, / draws 9 of them\.<.p>$/)
  const [noLine, noText] = await told(5)
  t.equal(noLine, `${names} which take too long`)
  t.match(noText, /What Parch does\.<.p>$/)
  const { omission } = await makeReport(artifact, slowDown(predictor, 0.7), 30)
  t.strictSame(
    omission.pictures.map(({ plot }) => plot),
    ['interactions'],
  )
  const background = { ...artifact.background, rows: 0, data: new Float64Array() }
  const bare = { ...artifact, background }
  const { html } = await makeReport(bare, buildPredictor(bare), 0)
  t.notMatch(html, 'Left out', 'what a model does not have is not left out for its time')
})

/** Returns a predictor that says of a row that it takes so many seconds. */
function slowDown(predictor: Predictor, seconds: number): Predictor {
  return { ...predictor, estimateSeconds: (rows) => rows * seconds }
}

t.test('names are texts, whatever they are', async (t) => {
  const names = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(2)</script>',
    "'&amp;",
    '</style>',
  ]
  const rows = Array.from({ length: 90 }, (_, i) =>
    [i % 7, names[i % 3], i % 5, `<b>${i % 3}</b>`].map(
      (cell) => `"${String(cell).replaceAll('"', '""')}"`,
    ),
  )
  const head = [names[0], names[1], names[3], 'y"</title><script>'].map(
    (name) => `"${name?.replaceAll('"', '""')}"`,
  )
  const text = [head, ...rows].map((cells) => cells.join(',')).join('\n')
  const table = readCsvTable(text)
  const { plan } = runSteps(inferPlan(table, 'y"</title><script>', new Map()))
  for (const estimator of ['decision_tree', 'logistic_regression'] as const) {
    const { artifact } = await fit(table, plan, { estimator, engine: 'native' })
    const html = await writeReport(artifact, buildPredictor(artifact), 1)
    check(t, html)
    t.match(html, '&lt;img src=x onerror=alert(1)&gt;')
    t.match(html, '&lt;b&gt;2&lt;/b&gt;')
  }
})

t.test('nothing was measured, and nothing can be explained', async (t) => {
  const { artifact } = await loadCheckpoint()
  const { importance: _, test: __, curves: ___, ...metrics } = artifact.metrics
  const background = { ...artifact.background, rows: 0, data: new Float64Array() }
  const bare = { ...artifact, metrics, background, summary: undefined }
  const html = await writeReport(bare, buildPredictor(bare), 1)
  check(t, html)
  t.match(html, 'Not measured here')
  t.match(html, 'The first tree')
  t.notMatch(html, /How they push|Which columns push/)
})

t.test('measured on a channel, it says so', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const { test, majority, curves, ...rest } = artifact.metrics
  const metrics = {
    ...rest,
    test: null,
    majority: null,
    channels: { validation: { model: test, majority } },
    curves: { ...(curves as object), part: 'validation' },
  }
  const html = await writeReport({ ...artifact, metrics }, predictor, 0)
  check(t, html)
  t.match(html, 'Measured on 262 validation rows; precision')
  t.notMatch(html, 'Not measured here')
  t.match(html, '<th scope="row">accuracy</th><td class="number">0.7939</td>')
  t.match(html, '<b>0.7939</b><span class="soft">accuracy, 0.6183 by guessing</span>')
})

t.test('a metrics.json of another form leaves a report without it', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const test = artifact.metrics['test'] as object
  const hostile = [
    { intervals: { roc_auc: 5 } },
    { per_class: 5 },
    { per_class: [null] },
    { per_class: [{ class: { toString: 1 } }] },
    { classes_without_rows: 5 },
    { confusion: 'x', roc_auc: '<script>' },
  ]
  for (const changes of hostile) {
    const metrics = { ...artifact.metrics, test: { ...test, ...changes } }
    const html = await writeReport({ ...artifact, metrics }, predictor, 0)
    check(t, html)
    t.match(html, '<th scope="row">accuracy</th>', JSON.stringify(changes))
  }
})

t.test('a row per column: what it is taken for, why, and what is done with it', async (t) => {
  const rows = Array.from(
    { length: 120 },
    (_, i) =>
      `${i + 1000},${['low', 'medium', 'high'][i % 3]},${18424 - i * 1.5},text ${i},same,${i % 2}`,
  )
  const table = readCsvTable(`user_id,level,amount,remark,same,y\n${rows.join('\n')}\n`)
  const inferred = runSteps(inferPlan(table, 'y', new Map()))
  const columns = inferred.columns.map(({ column, role, reason, why = reason }) => ({
    column,
    role,
    reason: why,
  }))
  const { artifact } = await fit(table, inferred.plan, { engine: 'native', columns })
  const html = await writeReport(artifact, buildPredictor(artifact), 0)
  check(t, html)
  const listed = html.slice(html.indexOf('Every column, and why'), html.indexOf('id="steps"'))
  const cells = [...listed.matchAll(/<tr><th scope="row">(.*?)<\/tr>/g)].map(([, row]) =>
    row!.replaceAll(/<\/t[hd]>(?:<td>)?/g, '|'),
  )
  t.strictSame(cells, [
    'user_id|identifier|a different whole number in every row, named like an identifier|not used|',
    'level|ordinal|text with 3 categories|ordinal encoder|',
    'amount|number|number|as it is|',
    'remark|dropped|text with 120 different values in 120|not used|',
    'same|dropped|one value only|not used|',
  ])
  t.match(html, '18245.5 to 18424, median 18334.75', 'what the data have is not rounded')
  const { artifact: untold } = await fit(table, inferred.plan, { engine: 'native' })
  t.match(
    await writeReport(untold, buildPredictor(untold), 0),
    '<td>dropped</td><td>text with 120 different values in 120</td><td>not used</td>',
    'without reasons those that the plan has',
  )
})
