/** The page's pure parts: forms, nearest rows, bars, words, thresholds, commands. */
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import {
  barsOf,
  hasPoints,
  inPoints,
  logistic,
  probabilityOf,
  readAnswer,
} from '../../src/page/answer.ts'
import { curlOf } from '../../src/page/curl.ts'
import {
  changedColumns,
  fieldsOf,
  readFields,
  readPasted,
  rowOfSample,
} from '../../src/page/fields.ts'
import { sayMistakes } from '../../src/page/mistakes.ts'
import { distanceOf, findNearest } from '../../src/page/nearest-row.ts'
import { axisOver, shadesOf, stripsOf } from '../../src/page/points.ts'
import { measure, middleOf, nearestBin, stepsOf, truthsOf } from '../../src/page/threshold.ts'
import { probabilityTicks } from '../../src/page/ticks.ts'
import type { Cell, Explained, PageCard, PageColumn, RowExplanation } from '../../src/page/wire.ts'
import { sayAnswer, sayNoChange, signedFixed } from '../../src/page/words.ts'

const range = { minimum: 0, median: 30, maximum: 80, deviation: 14, integer: false }
const columns: readonly PageColumn[] = [
  { name: 'Pclass', type: 'number', nullable: false, categories: [1, 2, 3], example: 3 },
  { name: 'Sex', type: 'text', nullable: false, categories: ['female', 'male'], example: 'male' },
  { name: 'Age', type: 'number', nullable: true, range, example: 28 },
  { name: 'Name', type: 'text', nullable: true, example: 'Braund, Mr. Owen' },
]
const example = { Pclass: 3, Sex: 'male', Age: 28, Name: 'Braund, Mr. Owen' }

t.test('a row becomes fields and the same row again', (t) => {
  const cell = (column: PageColumn): fc.Arbitrary<Cell> => {
    if (column.categories) return fc.constantFrom(...column.categories)
    const value: fc.Arbitrary<string | number> =
      column.type === 'number'
        ? fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)
        : fc.string({ minLength: 1 })
    return column.nullable ? fc.option(value) : value
  }
  const rows = fc
    .tuple(...columns.map(cell))
    .map((cells) => Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] as Cell])))
  fc.assert(
    fc.property(rows, (row) => {
      const { row: read, problems } = readFields(columns, fieldsOf(columns, row))
      t.strictSame(read, row)
      t.equal(problems.size, 0)
    }),
    { numRuns: 50 },
  )
  t.end()
})

const wrongFields: readonly [name: string, column: string, text: string, problem: RegExp | null][] =
  [
    ['a word for a number', 'Age', 'old', /not a number/],
    ['infinity', 'Age', '1e999', /not a number/],
    ['hexadecimal', 'Age', '0x10', /not a number/],
    ['blanks', 'Age', ' ', /not a number/],
    ['blanks around', 'Age', ' 7 ', null],
    ['nothing where it may be missing', 'Age', '', null],
    ['nothing where it may not', 'Sex', '', /needed/],
    ['an unknown category', 'Sex', 'other', null],
  ]
for (const [name, column, text, problem] of wrongFields) {
  t.test(`a field with ${name}`, (t) => {
    const { problems } = readFields(columns, { ...fieldsOf(columns, example), [column]: text })
    if (problem) t.match(problems.get(column), problem)
    else t.equal(problems.size, 0)
    t.end()
  })
}

t.test('columns may have names that every object has', (t) => {
  const odd: PageColumn[] = ['constructor', '__proto__', 'toString'].map((name) => ({
    name,
    type: 'text',
    nullable: true,
    example: null,
  }))
  t.strictSame(Object.values(fieldsOf(odd, {})), ['', '', ''])
  t.strictSame(changedColumns(odd, {}, {}), [])
  t.end()
})

t.test('a pasted row', (t) => {
  const fields = fieldsOf(columns, example)
  t.equal(readPasted(columns, '{"Age":5,"Ticket":1}', fields).Age, '5')
  t.equal(readPasted(columns, '[{"Age":null}]', fields).Age, '')
  t.equal(readPasted(columns, '{"Age":5}', fields).Sex, 'male')
  t.strictSame(
    readPasted(columns, '1,female,,"O""Hara, Miss"\n', fields),
    { Pclass: '1', Sex: 'female', Age: '', Name: 'O"Hara, Miss' },
    'CSV in the order of the columns',
  )
  t.equal(readPasted(columns, ',male,3,x', fields).Pclass, '', 'the first one missing')
  t.strictSame(
    readPasted(columns, 'Ticket,Age,Sex\r\n7, 41,female\r\n8,2,male', fields),
    { ...fields, Age: '41', Sex: 'female' },
    'CSV with a header',
  )
  for (const text of ['', '{', '7', '[[1]]', 'null', '{"Ticket":1}', '1,2,3', 'Age,Sex\n1'])
    t.throws(() => readPasted(columns, text, fields), /JSON|column|header/, text)
  t.end()
})

t.test('a row of the sample keeps what it cannot say', (t) => {
  const row = rowOfSample(columns, [1, null, null, 'Mr'], example)
  t.strictSame(row, { Pclass: 1, Sex: 'male', Age: null, Name: 'Braund, Mr. Owen' })
  const texts: Record<string, string | null> = { Name: 'Braund, Mrs. Owen', Sex: 'female' }
  const spelled = rowOfSample(columns, [1, null, null, 'Mrs'], example, (name) => texts[name])
  t.strictSame(spelled, { ...row, Name: 'Braund, Mrs. Owen' }, 'only free texts are made up')
  const kept = rowOfSample(columns, [1, null, null, 'Mrs'], example, () => null)
  t.strictSame(kept, row, 'without a text that is read alike')
  t.end()
})

const explained = (label: string, data: Cell[], score = 0.5): RowExplanation => ({
  predicted_label: label,
  score,
  outputs: [score],
  data,
  shap_values: [[0, 0, 0, 0]],
  additivity_error: 0,
})

t.test("Gower's distance by hand", (t) => {
  // Of three columns that count: another class, the same sex, half the range of ages.
  t.equal(distanceOf(columns, [3, 'male', 20, 'a'], [1, 'male', 60, 'b']), (1 + 0 + 0.5) / 3)
  t.equal(distanceOf(columns, [3, 'male', null, 'a'], [3, 'male', 60, 'a']), 1 / 3)
  t.equal(distanceOf(columns.slice(3), ['a'], ['b']), 0)
  t.end()
})

t.test('the nearest row of another class is what brute force finds', (t) => {
  const cells = fc.tuple(
    fc.constantFrom(1, 2, 3),
    fc.constantFrom('female', 'male'),
    fc.option(fc.integer({ min: 0, max: 80 })),
    fc.constantFrom('Mr', 'Mrs'),
  )
  const rows = fc.array(fc.tuple(fc.constantFrom('0', '1'), cells), { maxLength: 20 })
  fc.assert(
    fc.property(cells, rows, (own, others) => {
      const sample = others.map(([label, data]) => explained(label, data))
      const nearest = findNearest(columns, own, '0', sample)
      const distances = sample
        .filter(({ predicted_label }) => predicted_label === '1')
        .map(({ data }) => distanceOf(columns, own, data))
      t.equal(nearest?.distance, distances.length === 0 ? undefined : Math.min(...distances))
      if (nearest) t.equal(sample[nearest.at], nearest.explanation)
    }),
    { numRuns: 50 },
  )
  t.end()
})

const card = {
  target: 'Survived',
  classes: [0, 1],
  columns,
} as unknown as PageCard

function answerOf(push: readonly number[], base = 0.4): Explained {
  const value = push.reduce((sum, x) => sum + x, base)
  return {
    space: 'probability',
    output_names: ['1'],
    base_values: [base],
    feature_names: push.map((_, j) => `c${j}`),
    explanations: [
      {
        predicted_label: 1,
        score: value,
        outputs: [value],
        data: push.map((_, j) => j),
        shap_values: [push],
        additivity_error: 0,
      },
    ],
  }
}

t.test('bars begin at the base value and end at the output, however many there are', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 2, max: 12 }),
      (push, most) => {
        const answer = readAnswer(card, answerOf(push))
        const bars = barsOf(answer, most)
        t.equal(bars.length, Math.min(push.length, most))
        t.equal(bars[0]?.from, answer.base)
        for (const [i, bar] of bars.slice(1).entries()) t.equal(bar.from, bars[i]?.to)
        const end = bars.at(-1)?.to ?? Number.NaN
        t.ok(Math.abs(end - answer.value) < 1e-9, `${end} is ${answer.value}`)
      },
    ),
    { numRuns: 50 },
  )
  t.end()
})

t.test('words', (t) => {
  const plain = (text: string) => text.replaceAll('\u00a0', ' ')
  const answer = readAnswer(card, answerOf([0.3, -0.1, 0, 0.05]))
  t.equal(
    plain(sayAnswer(card, answer)),
    'Survived = 1 has a probability of 65.0 %, where 40.0 % is the model’s starting point. ' +
      'c0 = 0 (+30.0 points) and c3 = 3 (+5.0 points) speak for it; c1 = 1 (−10.0 points) speaks against it.',
  )
  const odds = { ...answer, space: 'log_odds' as const, base: 0 }
  t.match(plain(sayAnswer(card, odds)), /where 50\.0 % is .* c0 = 0 \(odds × 1\.35\)/)
  t.equal(plain(sayAnswer(card, readAnswer(card, answerOf([0])))).split('. ').length, 1)
  t.strictSame(
    [0.04, -0.04, 0.06, -2].map((x) => signedFixed(x, 1)),
    ['0.0', '0.0', '+0.1', '−2.0'],
  )
  t.end()
})

t.test('that there is no change is said only where all were looked at', (t) => {
  t.match(sayNoChange({ optimal: true }), /^No change .* gives another class\.$/)
  t.match(sayNoChange({ optimal: false }), /^No change .* was found; the search ended before/)
  t.end()
})

t.test('an answer for each row is read as one for all', (t) => {
  const all = answerOf([0.1])
  const { output_names, base_values, ...rest } = all
  const each = { ...rest, explanations: [{ ...all.explanations[0]!, output_names, base_values }] }
  t.strictSame(readAnswer(card, each as Explained), readAnswer(card, all))
  t.equal(probabilityOf(card, readAnswer(card, all)), 0.5)
  t.throws(() => readAnswer(card, { ...all, explanations: [] }), /no row/)
  t.end()
})

t.test('measures of a threshold', (t) => {
  const counts = {
    threshold: 0.45,
    truePositives: 65,
    falsePositives: 19,
    falseNegatives: 35,
    trueNegatives: 143,
  }
  const { accuracy, precision, recall, f1 } = measure(counts)
  // scikit-learn's numbers for the same counts.
  t.ok(Math.abs(accuracy - 0.7938931297709924) < 1e-12)
  t.ok(Math.abs(precision - 0.7738095238095238) < 1e-12)
  t.equal(recall, 0.65)
  t.ok(Math.abs(f1 - 0.7065217391304348) < 1e-12)
  t.equal(middleOf([0.1, 0.45, 0.6, 0.9].map((threshold) => ({ ...counts, threshold }))), 1)
  t.equal(middleOf([]), 0)
  t.end()
})

t.test('what curves are drawn of', (t) => {
  const counts = { truePositives: 6, falsePositives: 2, falseNegatives: 4, trueNegatives: 8 }
  t.strictSame(truthsOf({ threshold: 0.5, ...counts }), {
    found: 0.6,
    alarms: 0.2,
    right: 0.75,
    share: 0.5,
  })
  // By hand: at a recall of 1 half of them are right, from 0.5 down to 0 all.
  t.strictSame(stepsOf({ x: [1, 0.5], y: [0.5, 1] }), [
    [1, 0.5],
    [0.5, 0.5],
    [0.5, 1],
    [0, 1],
  ])
  t.strictSame(stepsOf({ x: [], y: [] }), [])
  const bins = [0.1, 0.4, 0.8].map((predicted) => ({ rows: 5, predicted, observed: 0 }))
  t.equal(nearestBin(bins, 0.55), bins[1])
  t.equal(nearestBin([], 0.5), undefined)
  t.end()
})

t.test('log-odds said as probabilities add up on the way', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 1, maxLength: 12 }),
      (push) => {
        const answer = readAnswer(card, { ...answerOf(push, -0.3), space: 'log_odds' })
        t.ok(hasPoints(card, answer))
        const said = inPoints(answer)
        const sum = said.pushes.reduce((all, own) => all + own.push, said.base)
        t.ok(Math.abs(sum - logistic(answer.value)) < 1e-9, `${sum}`)
        t.ok(said.pushes.every((own, i) => own.push * (answer.pushes[i]?.push ?? 0) >= 0))
      },
    ),
    { numRuns: 50 },
  )
  const odds = { space: 'log_odds' } as const
  t.notOk(hasPoints({ ...card, classes: [0, 1, 2] }, odds), 'not of one class of three')
  t.notOk(hasPoints(card, { space: 'probability' }))
  t.end()
})

t.test('probabilities above an axis of log-odds', (t) => {
  const texts = (low: number, high: number) =>
    probabilityTicks(low, high).map(({ text }) => text.replace('\u00a0', ''))
  t.strictSame(texts(-0.3, 1.2), ['50%', '60%', '70%'])
  t.strictSame(texts(2, 2), [])
  for (const [low, high] of [
    [-12, 12],
    [4, 7],
    [-2, -1],
  ] as const) {
    const ticks = probabilityTicks(low, high)
    const places = ticks.map(({ logOdds }) => (logOdds - low) / (high - low))
    t.ok(places.every((place, i) => place > 0 && place < 1 && place - (places[i - 1] ?? -1) > 0.15))
    t.ok(ticks.length > 0, `from ${low} to ${high}`)
  }
  t.end()
})

t.test('which rows are predicted wrongly', (t) => {
  const known = { part: 'held_out', rows: 262, wrong: 54, listed: 54 } as const
  t.match(sayMistakes(known, undefined), /^Of 262 held-out rows, .* 54 are predicted wrongly\. The/)
  t.match(sayMistakes(known, 2), /^This is wrong prediction 3 of 54\. Of/)
  t.match(sayMistakes({ ...known, wrong: 1, listed: 1 }, 0), /1 is predicted wrongly/)
  t.match(sayMistakes({ ...known, part: 'test', listed: 40 }, 0), /262 test rows.*Stored are 40/)
  t.match(sayMistakes({ ...known, wrong: 0, listed: 0 }, undefined), /^None of 262/)
  t.match(sayMistakes({ ...known, listed: 0 }, undefined), /none of them is stored\.$/)
  t.end()
})

t.test('the command for a shell says the row, whatever is in it', (t) => {
  const row = { Name: `O'Hara "$HOME" \`id\` \\ \n ü`, Age: null, Pclass: 3 }
  const command = curlOf('http://127.0.0.1:1/x/', row, true).replace(/^curl/, 'printf "%s\\0"')
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8', env: { TOKEN: 'abc' } })
  const [flag, url, , type, , token, , body] = words.split('\0')
  t.strictSame(
    [flag, url, type, token],
    [
      '-s',
      'http://127.0.0.1:1/x/explain',
      'content-type: application/json',
      'authorization: Bearer abc',
    ],
  )
  t.strictSame(JSON.parse(body ?? ''), row)
  t.notMatch(curlOf('http://a/', row, false), 'authorization')
  t.end()
})

t.test('points', (t) => {
  t.strictSame(shadesOf([1, 5, 3, null, 'a']), [0, 4, 2, undefined, undefined])
  t.strictSame(shadesOf([7, 7]), [0, 0])
  const axis = axisOver([1, 3], true)
  t.strictSame([axis.low, axis.high, axis.place(0), axis.place(3)], [0, 3, 4, 96])
  t.equal(axisOver([2, 2]).place(2), 50)
  t.strictSame(stripsOf({ type: 'text' }, ['b', null, 'a', 'b']), ['a', 'b', null])
  t.strictSame(stripsOf({ type: 'number' }, [10, 9, 9]), [9, 10])
  t.equal(
    stripsOf(
      { type: 'number' },
      Array.from({ length: 20 }, (_, i) => i),
    ),
    undefined,
  )
  t.end()
})
