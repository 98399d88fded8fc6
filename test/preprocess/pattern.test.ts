/** Derived columns: whichever engine matches, the group of RE2's first match. */
import { RE2JS } from 're2js'
import t from 'tap'
import { createRandom } from '../../src/data/random.ts'
import { buildPattern } from '../../src/preprocess/pattern.ts'

const patterns = [
  ', (?:the )?([A-Z][A-Za-z]+)',
  '^([A-Za-z])',
  '([0-9]+)$',
  '(a|ab)(c|bcd)?',
  '(x?)(y?)z',
  '[^a-c]+',
  '([a-c]*)',
  'a\\.(b)',
  '(ab)?c+',
  // Left to RE2: two repetitions, a repeated group, other syntax.
  '(a+)(b+)',
  '(ab)+',
  '(?i)mr',
  '\\w+',
  '(a|b+)c',
  'a{2,3}',
  '^*a',
  '^?(a)',
  '.b',
]

t.test('the first match of RE2, whatever engine is asked', (t) => {
  const random = createRandom(5)
  const letters = [...'abcABxyz01., -the\n', 'é', 'Mr', ', the Mr', 'ab', 'a.b']
  for (const pattern of patterns) {
    const compiled = RE2JS.compile(pattern)
    for (let group = 0; group <= compiled.groupCount(); group++) {
      const { cell } = buildPattern({ column: 'd', from: 'c', pattern, group, map: { a: 'A' } })
      let matched = 0
      for (let i = 0; i < 400; i++) {
        const length = random.below(50) === 0 ? 300 : random.below(12)
        const text = Array.from({ length }, () => letters[random.below(letters.length)]).join('')
        const matcher = compiled.matcher(text)
        const found = matcher.find() ? (matcher.group(group) ?? '').trim() : ''
        const expected = found === '' ? null : found === 'a' ? 'A' : found
        if (expected !== null) matched++
        if (cell(text) !== expected || cell(text) !== expected)
          t.equal(cell(text), expected, `${pattern}, group ${group}: ${JSON.stringify(text)}`)
      }
      t.ok(matched > 0, `${pattern}, group ${group}`)
    }
  }
  t.end()
})

t.test('what RE2 does not read is refused, whatever engine would be asked', (t) => {
  const random = createRandom(6)
  const parts = [
    'a',
    'b',
    '\\.',
    '\\-',
    '[a-]',
    '[^ab]',
    '(',
    '(?:',
    ')',
    '|',
    '?',
    '*',
    '+',
    '^',
    '$',
    '-',
    '[',
    ']',
  ]
  let read = 0
  for (let i = 0; i < 20_000; i++) {
    const length = 1 + random.below(8)
    const pattern = Array.from({ length }, () => parts[random.below(parts.length)]).join('')
    const [known, found] = [
      groupsOf(() => RE2JS.compile(pattern).groupCount()),
      groupsOf(() => {
        let group = 0
        while (mayTake(pattern, group + 1)) group++
        buildPattern({ column: 'd', from: 'c', pattern, group, map: {} })
        return group
      }),
    ]
    if (known !== undefined) read++
    if (known !== found) t.equal(found, known, pattern)
  }
  t.ok(read > 2000)
  t.end()
})

function groupsOf(count: () => number): number | undefined {
  try {
    return count()
  } catch {
    return undefined
  }
}

function mayTake(pattern: string, group: number): boolean {
  return (
    groupsOf(() => {
      buildPattern({ column: 'd', from: 'c', pattern, group, map: {} })
      return group
    }) !== undefined
  )
}

t.test('a text made to be slow takes no time', (t) => {
  const { cell } = buildPattern({ column: 'd', from: 'c', pattern: '(a+)b', group: 1, map: {} })
  for (let i = 0; i < 200; i++) t.equal(cell(`${'a'.repeat(20_000)}${i}`), null)
  const optional = { column: 'd', from: 'c', pattern: `${'a?'.repeat(60)}${'a'.repeat(60)}b` }
  t.equal(buildPattern({ ...optional, group: 0, map: {} }).cell('a'.repeat(90)), null)
  t.end()
})
