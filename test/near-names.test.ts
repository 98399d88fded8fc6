/** Names that resemble each other: the same as by looking at every pair, and within a bound on work. */
import fc from 'fast-check'
import t from 'tap'
import { closely, indexNames, loosely, plainName, startWork } from '../src/near-names.ts'

/** Edits from a to b by definition: restricted Damerau's distance, without any shortcut. */
function edits(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : i)),
  )
  const at = (i: number, j: number) => table[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const all = [at(i - 1, j) + 1, at(i, j - 1) + 1, replaced]
      if (swapped) all.push(at(i - 2, j - 2) + 1)
      const row = table[i] as number[]
      row[j] = Math.min(...all)
    }
  }
  return at(a.length, b.length)
}

/** Length with one mark between words and none around them; a name of marks alone is as long as it is. */
const lengthOf = (name: string) =>
  (name.replace(/[_ ]+/g, '_').replace(/^_|_$/g, '') || name).length
const formsOf = (name: string) => ({ name, plain: plainName(name), length: lengthOf(name) })
const name = fc.string({ unit: fc.constantFrom(...'abcABC1_ é'), minLength: 1, maxLength: 12 })

t.test('every name within the edits allowed is found, the nearest first', (t) => {
  fc.assert(
    fc.property(
      name,
      fc.uniqueArray(name, { maxLength: 8 }),
      fc.boolean(),
      (asked, names, refuse) => {
        const nearness = refuse ? closely : loosely
        const found = indexNames(names).resembling(asked, startWork(), nearness)
        const distance = (other: string) => edits(plainName(asked), plainName(other))
        const numbers = (text: string) => plainName(text).match(/\d+/g)?.join() ?? ''
        const isOther = (other: string) =>
          refuse &&
          distance(other) > 0 &&
          numbers(asked) !== '' &&
          numbers(other) !== '' &&
          numbers(asked) !== numbers(other)
        const expected = names.filter(
          (other) =>
            distance(other) <= nearness.edits(formsOf(asked), formsOf(other)) ||
            distance(other) === 0,
        )
        const wanted = expected.filter((other) => !isOther(other))
        const steps = found.map(distance)
        return (
          found.length === wanted.length &&
          wanted.every((other) => found.includes(other)) &&
          steps.every((step, i) => i === 0 || step >= (steps[i - 1] as number))
        )
      },
    ),
    { numRuns: 2000 },
  )
  t.end()
})

const alike: [a: string, b: string, refused: boolean][] = [
  ['Age', 'age', true],
  ['Age', ' AGE ', true],
  ['max_depth', 'max-depth', true],
  ['max_depth', 'Max Depth', true],
  ['max_depth', 'maxDepth', true],
  ['Fare', 'Faer', true],
  ['Cabin', 'Cabim', true],
  ['Cabin', 'Cabins', true],
  ['sepal length', 'sepal\u00a0length', true],
  ['\uff21\uff47\uff45', 'Age', true],
  ['ab', 'abc', true],
  ['__', '--', false],
  ['x', 'y', false],
  ['ab', 'xb', false],
  ['x1', 'x2', false],
  ['V10', 'V1', false],
  ['income_2020', 'income_2021', false],
  ['Age', 'Fare', false],
]
t.test('what is refused beside an absent column', (t) => {
  for (const [a, b, refused] of alike) {
    const found = indexNames([a]).resembling(b, startWork(), closely)
    t.strictSame(found, refused ? [a] : [], `${a} and ${b}`)
    const back = indexNames([b]).resembling(a, startWork(), closely)
    t.strictSame(back, refused ? [b] : [], `${b} and ${a}`)
  }
  t.end()
})

const hints: [asked: string, known: string, isHint: boolean][] = [
  ['predicted_score', 'predicted_label', true],
  ['_predicted_score_', 'predicted_label', true],
  ['__proto__', 'rate', false],
  ['p______________o', 'rate', false],
  ['probabilites', 'probabilities', true],
  ['tree', 'trees', true],
  ['ab', 'ac', true],
  ['ab', 'cd', false],
  ['__', '--', false],
]
t.test('what is hinted at', (t) => {
  for (const [asked, known, isHint] of hints) {
    const found = indexNames([known]).resembling(asked, startWork())
    t.strictSame(found, isHint ? [known] : [], `${asked} and ${known}`)
  }
  t.end()
})

t.test('work is bounded, however many near names there are', (t) => {
  const names = Array.from({ length: 10_000 }, (_, i) => `${'column'.repeat(9)}${i}`)
  const index = indexNames(names)
  const work = startWork()
  const all = work.left
  for (let i = 0; i < 100; i++) index.resembling(`${'columm'.repeat(9)}${i}`, work)
  t.ok(work.left <= 0, 'these names would take more')
  t.ok(work.left > -64 * 64, `${all - work.left} of ${all}: no more than one comparison too many`)
  const [same] = index.resembling('COLUMN'.repeat(9).concat('_77'), work)
  t.equal(same, names[77], 'and what differs in case and marks is found all the same')
  t.strictSame(index.resembling('x'.repeat(1 << 20), startWork()), [])
  t.end()
})
