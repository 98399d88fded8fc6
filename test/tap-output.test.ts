/** What `npm test` makes of a test file's output. */
import t from 'tap'
import { countsOf, failuresOf, skippedOf, summaryOf } from './tap-output.ts'

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
