import t from 'tap'
import type { Estimator, FitContext } from '../../../src/estimators/estimator.ts'
import { logisticRegression } from '../../../src/estimators/native/logistic-regression.ts'
import { buildPredictor } from '../../../src/predictor/predictor.ts'
import { readPlan } from '../../../src/preprocess/plan.ts'
import { readCsvTable } from '../../../src/tables/formats/read-text.ts'
import { fitRows } from '../../../src/training/fit.ts'
import { labelTable } from '../../../src/training/labelled-table.ts'
import { checkRefused } from '../../tables.ts'
import { options, settings, table, trainOn } from './train-on.ts'

t.test('weights', async (t) => {
  const plan = readPlan({ target: 'y', weight: 'w', numeric: ['n', 'x'] })
  const weighed = (weight: (row: number) => string | number) =>
    readCsvTable(table({ x: (row) => (row * 3) % 7, w: weight }))

  const cases: [string, (row: number) => string | number, RegExp][] = [
    [
      'negative',
      (row) => (row === 4 ? -0.5 : 1),
      /^the weight "w" is -0\.5 in row 5; weights are numbers of 0 or more$/,
    ],
    ['NaN', (row) => (row === 9 ? 'NaN' : 1), /^the weight "w" is missing in row 10/],
    ['missing', (row) => (row === 0 ? '' : 1), /^the weight "w" is missing in row 1/],
    ['text', (row) => (row === 2 ? 'heavy' : 1), /^the weight "w" is "heavy" in row 3/],
    ['with zeros in front', () => '01', /^the weight "w" is "01" in row 1/],
    ['all 0', () => 0, /^the weight "w" is 0 in every row$/],
    ['without a sum', () => 1e308, /^the weights "w" have no finite sum$/],
  ]
  for (const [name, weight, message] of cases)
    await checkRefused(
      t,
      () => labelTable(weighed(weight), plan, options),
      'invalid_weight',
      message,
      name,
    )

  const contexts: FitContext[] = []
  const watched: Estimator = {
    ...logisticRegression,
    fit(X, y, classes, params, context) {
      contexts.push(context)
      return logisticRegression.fit(X, y, classes, params, context)
    },
  }
  const frame = weighed((row) => (row % 5 === 0 ? 0 : row / 10))
  const data = labelTable(frame, plan, options)
  const fitted = await fitRows(data, data.split.train, settings(plan, watched))
  t.strictSame(
    contexts[0]?.sampleWeight,
    Float64Array.from(data.split.train, (row) => (row % 5 === 0 ? 0 : row / 10)),
    'zero is a weight; every training row has its own',
  )
  t.strictSame(
    fitted.preprocessor.inputs.map(({ name }) => name),
    ['n', 'x'],
    'the weight is no feature',
  )
  t.ok(fitted.preprocessor.otherColumns.includes('w'), 'a request may carry it')
  const even = labelTable(
    weighed(() => 2),
    plan,
    options,
  )
  const unweighted = readPlan({ target: 'y', numeric: ['n', 'x'] })
  await fitRows(even, even.split.train, settings(unweighted, watched))
  t.equal(contexts[1]?.sampleWeight, undefined, 'a column called w is no weight by itself')
  const onlyTest = Int32Array.from(data.split.train.filter((row) => row % 5 === 0))
  await checkRefused(
    t,
    () => fitRows(data, onlyTest, settings(plan)),
    'invalid_weight',
    /^the weight "w" is 0 in all \d+ training rows$/,
    'weights above 0 in other rows only',
  )
  const dropped = { ...options, dropMissingLabel: true }
  const text = table({ x: (row) => row % 7, w: (row) => (row === 5 ? 'NA' : 1) }, 60, (row) =>
    row === 5 ? '' : row % 2,
  )
  t.equal(
    labelTable(readCsvTable(text), plan, dropped).frame.length,
    59,
    'a row without a label needs no weight',
  )
  for (const [name, told, message] of [
    ['an unknown column', { weight: 'v' }, /no column "v"/],
    ['the target', { weight: 'y' }, /"y" is the target|both target and weight/],
    [
      'an engine that does not heed them',
      { weight: 'w' },
      /decision_tree of the engine mljs does not heed weights/,
    ],
    [
      'a weight beside a role',
      { weight: 'w', roles: new Map([['w', 'numeric' as const]]) },
      /"w" is the weight/,
    ],
    [
      'another than the plan says',
      { plan, weight: 'n' },
      /the plan's weight is "w", --weight says "n"/,
    ],
  ] as const)
    await t.rejects(trainOn(t, table({ x: (row) => row % 7, w: () => 1 }), told), { message }, name)
})

t.test('every estimator that takes weights heeds them', async (t) => {
  // Half of the rows contradict the others and weigh a third of them.
  const text = table(
    { x: (row) => row % 2, w: (row) => (row % 4 < 2 ? 3 : 1), v: () => 1 },
    80,
    (row) => (row % 4 < 2 ? row % 2 : 1 - (row % 2)),
  )
  const roles = new Map([
    ['n', 'drop' as const],
    ['x', 'nominal' as const],
  ])
  for (const estimator of ['decision_tree', 'random_forest', 'logistic_regression'] as const) {
    const shareOfOne = async (weight: string) => {
      const drop = weight === 'w' ? 'v' : 'w'
      const { artifact } = await trainOn(t, text, {
        ...{ estimator, engine: 'native', testSize: 0, weight },
        ...(estimator === 'logistic_regression' ? { params: { C: 1e6 } } : {}),
        ...(estimator === 'random_forest' ? { params: { bootstrap: false, n_estimators: 3 } } : {}),
        roles: new Map([...roles, [drop, 'drop' as const]]),
      })
      const names = artifact.preprocessor.inputs.map(({ name }) => name)
      t.strictSame(names, ['x'], `${estimator}: ${weight} is no feature`)
      return buildPredictor(artifact).predict(readCsvTable('x\n1\n0\n')).probabilities
    }
    const weighed = await shareOfOne('w')
    const even = await shareOfOne('v')
    for (const [i, share] of [0.25, 0.75, 0.75, 0.25].entries()) {
      t.ok(Math.abs((weighed[i] as number) - share) < 1e-4, `${estimator}: share ${i}`, { weighed })
      t.ok(Math.abs((even[i] as number) - 0.5) < 1e-4, `${estimator}: even ${i}`, { even })
    }
  }
})
