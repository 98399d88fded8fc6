/** What `npm test` makes of a test file's output. */
import t from 'tap'
import { countsOf, failuresOf, outputsOf, secondsOf, skippedOf, summaryOf } from './tap-output.ts'

const output = `TAP version 14
# Subtest: good
    ok 1 - a check
    # Subtest: inner
        ok 1 - should be equal
        1..1
    ok 2 - inner
    1..2
ok 1 - good # time=4.7ms

# Subtest: bad
    ok 1 - a check
    # Subtest: inner
        not ok 1 - should be equal
          ---
          diff: |
            -2
            +1
          ...
        1..1
    not ok 2 - inner
    1..2
not ok 2 - bad # time=9ms

ok 3 - page # SKIP no browser
ok 4 - page too # SKIP no browser
1..4
# { total: 8, pass: 4, fail: 2, skip: 2 }
# time=112ms
`

t.test('counts', (t) => {
  const summary = '1..1\n# { total: 3, pass: 3 }\n'
  const cases: [string, string, string, string][] = [
    ['a failure', output, '1', '4 passed, 2 failed, 2 skipped'],
    ['all is well', summary, '0', '3 passed, 0 failed'],
    ['a process that ends badly after its checks', summary, '7', '3 passed, 1 failed'],
    ['a process that is killed', summary, 'SIGKILL', '3 passed, 1 failed'],
    ['an end before the plan', 'ok 1 - a check\n', '0', '0 passed, 1 failed'],
    ['nothing', '', '0', '0 passed, 1 failed'],
    [
      'every test is skipped',
      '1..1\n# { total: 1, skip: 1 }\n',
      '0',
      '0 passed, 0 failed, 1 skipped',
    ],
  ]
  for (const [name, text, status, expected] of cases)
    t.equal(summaryOf(countsOf(text, status)), expected, name)
  t.end()
})

t.test('of failures all is shown, with the names of what they stand in', (t) => {
  const lines = failuresOf(output).split('\n')
  t.strictSame(
    lines.map((line) => line.trim()),
    [
      ...['# Subtest: bad', '# Subtest: inner', 'not ok 1 - should be equal'],
      ...['---', 'diff: |', '-2', '+1', '...'],
      ...['not ok 2 - inner', 'not ok 2 - bad # time=9ms'],
    ],
  )
  t.strictSame(skippedOf(output), ['no browser'])
  t.end()
})

const shared = `TAP version 14
# Subtest: a.test.ts
    # Subtest: good
        ok 1 - a check
        1..1
    ok 1 - good # time=3ms
    1..1
ok 1 - a.test.ts # time=1500.5ms

# { total: 1, pass: 1, fail: 0, skip: 0 } 0.25 s
# Subtest: b.test.ts
    # Subtest: bad
        not ok 1 - a check
        1..1
    not ok 1 - bad # time=3ms
    1..1
not ok 2 - b.test.ts # time=20ms

# { total: 1, pass: 0, fail: 1, skip: 0 } 0.5 s
# Subtest: c.test.ts
    ok 1 - a check
    1..1
ok 3 - c.test.ts # time=30ms

# { total: 1, pass: 1, fail: 0, skip: 0 } 0.75 s
1..3
# { total: 3, pass: 2, fail: 1 }
`
const files = ['a.test.ts', 'b.test.ts', 'c.test.ts']

t.test('files that share a process are told apart', (t) => {
  const parts = outputsOf(shared, '1', files)
  t.match(parts, [
    { file: 'a.test.ts', cpu: 0.25, wall: 1.5005, status: '0' },
    { file: 'b.test.ts', cpu: 0.5, wall: 0.02, status: '1' },
    { file: 'c.test.ts', cpu: 0.75, wall: 0.03, status: '0' },
  ])
  const says = (output: string, status: string) =>
    outputsOf(output, status, files).map((part) => summaryOf(countsOf(part.output, part.status)))
  const [good, bad] = ['1 passed, 0 failed', '0 passed, 1 failed']
  t.strictSame(says(shared, '1'), [good, bad, good])
  t.notMatch(failuresOf(parts[1]!.output), /a\.test|c\.test/)
  const killed = shared.slice(0, shared.indexOf('    not ok 1 - a check'))
  t.strictSame(says(killed, 'SIGKILL'), [good, bad, bad], 'killed in the second file')
  const well = shared.replaceAll('not ok', 'ok').replace('pass: 0, fail: 1', 'pass: 1, fail: 0')
  t.strictSame(says(well, '0'), [good, good, good])
  t.strictSame(says(well, '7'), [good, good, '1 passed, 1 failed'], 'a bad end behind all files')
  t.strictSame(says('SyntaxError: \n', '1'), [bad, bad, bad], 'it did not begin')
  t.end()
})

t.test('what a shell says of the processor', (t) => {
  t.equal(secondsOf('1..1\n0m0.01s 0m0.02s\n1m2.50s 0m1.25s\n'), 63.75)
  t.equal(secondsOf('1..1\n'), 0)
  t.end()
})
