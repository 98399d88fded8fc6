/** Bodies of one long thing: an answer or an InputError that tells, never an overflow of somebody's stack. */
import t from 'tap'
import type { JobResult, RowJob } from '../../src/answering/job.ts'
import { runJob } from '../../src/answering/run-job.ts'
import { InputError, type InputErrorCode } from '../../src/errors.ts'
import { loadCheckpoint } from '../helper.ts'

/** Expressions that repeat overflow their stack on less. */
const LENGTH = 9 << 20
const long = (text: string) => Buffer.alloc(LENGTH, text).toString('latin1')
const withAge = (age: string) =>
  `{"Pclass":1,"Name":"a","Sex":"male","Age":${age},"SibSp":0,"Parch":0}`

const cases: readonly [
  name: string,
  type: string,
  text: string,
  expected: InputErrorCode | number,
  detail?: RegExp,
][] = [
  ['a number as text', 'application/json', withAge(`"${long('1')}"`), 'invalid_number'],
  ['digits', 'application/json', withAge(long('1')), 'non_finite'],
  ['digits and a mistake', 'application/json', `[[${long('1')}]`, 'invalid_json'],
  ['a string', 'application/json', `"${long('a')}"`, 'invalid_shape'],
  ['escapes', 'application/json', `"${'\\u0061'.repeat(LENGTH / 6)}"`, 'invalid_shape'],
  [
    'escapes and a mistake',
    'application/json',
    `["${long('\\"')}" "`,
    'invalid_json',
    /position 9437188$/,
  ],
  ['quotes', 'application/json', long('"'), 'invalid_json', /position 2/],
  ['backslashes', 'application/json', `"${long('\\')}`, 'invalid_json', /position 0/],
  ['a string beside NaN', 'application/json', `[NaN,"${long('a')}"]`, 'invalid_shape'],
  [
    'a string beside a long integer',
    'application/json',
    `[1234567890123456789,"${long('a')}"]`,
    'invalid_shape',
  ],
  ['a name', 'application/json', withAge('1').replace('"a"', `"${long('a')}"`), 1],
  ['blanks', 'application/json', `[${long(' ')}`, 'invalid_json', /ends too early/],
  ['empty lines', 'application/jsonlines', long('\n'), 0],
  ['quotes', 'application/jsonlines', long('"'), 'invalid_json'],
  ['digits', 'text/csv', `3,a,male,${long('1')},0,0\n`, 'invalid_number'],
  ['quotes', 'text/csv', long('"'), 'wrong_width'],
  ['commas', 'text/csv', long(','), 'invalid_csv', /row 1 has more than 1048576 fields/],
  ['tabs', 'text/csv', long('\t'), 'invalid_delimiter'],
  ['blanks between entries', 'text/libsvm', `1 1:1${long(' ')}2:1`, 'invalid_text'],
  ['an index', 'text/libsvm', `1 ${long('1')}:1`, 'invalid_libsvm'],
  ['a value', 'text/libsvm', `1 1:${long('1')}`, 'invalid_number'],
]

for (const [name, essence, text, expected, detail = /./] of cases) {
  for (const blockBytes of [undefined, 1 << 20]) {
    t.test(`${essence}: ${name}${blockBytes ? ', in blocks' : ''}`, async (t) => {
      const { predictor } = await loadCheckpoint()
      const job: RowJob = {
        operation: 'predict',
        body: Buffer.from(text),
        media: { essence, parameters: new Map() },
        answer: { essence: 'application/json', parameters: new Map() },
        options: [],
        limits: { maxRows: 1000, maxAnswerBytes: 1 << 20, maxSeconds: 50 },
        blockBytes,
      }
      try {
        const { rows } = (await runJob(predictor, job, false)) as JobResult
        t.equal(rows, expected)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        t.equal(error.code, expected)
        t.match(error.message, detail)
      }
    })
  }
}
