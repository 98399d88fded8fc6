/** Parts of a file as requests, and their answers as parts of one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { callsOf, stageForSageMaker } from '../../../../src/commands/sagemaker/launcher/builders.ts'
import {
  attributesOf,
  invocationOf,
  numberAnswer,
  numberMessage,
} from '../../../../src/commands/sagemaker/launcher/invocation.ts'

const root = join(import.meta.dirname, '../../../..')

t.test('custom attributes carry options', async (t) => {
  t.equal(attributesOf([]), 'explain=shap')
  t.equal(
    attributesOf([
      ['output', 'all'],
      ['top', '3'],
      ['freeze', 'a,b'],
    ]),
    'explain=shap,output=all,top=3,freeze=a|b',
  )
  const refused: [name: string, value: string][] = [
    ['output', 'é'],
    ['output', 'a,b'],
    ['output', 'a;b'],
    ['output', ' a'],
    ['output', 'a\r\nHost: x'],
    ['output', 'a%0d'],
    ['output', 'x'.repeat(1025)],
    ['outputs', 'a'],
  ]
  for (const [name, value] of refused)
    t.throws(() => attributesOf([[name, value]]), { code: 'invalid_option' }, value.slice(0, 20))
})

t.test('only the first answer has a header', async (t) => {
  const part = {
    body: Buffer.from('a\n1\n'),
    format: 'csv' as const,
    parameters: new Map([['header', 'present']]),
    rowOffset: 0,
    done: 0,
    total: 0,
  }
  t.match(invocationOf('explain', 'explain=shap', part, 'csv', true), {
    ContentType: 'text/csv;header=present',
    Accept: 'text/csv',
    CustomAttributes: 'explain=shap',
  })
  t.equal(invocationOf('predict', undefined, part, 'csv', false).Accept, 'text/csv;header=absent')
  t.equal(invocationOf('predict', undefined, part, 'jsonl', false).Accept, 'application/jsonlines')
  t.notOk('CustomAttributes' in invocationOf('predict', undefined, part, 'csv', true))
  const large = { ...part, body: Buffer.alloc(6 * 2 ** 20 + 1), rowOffset: 7 }
  t.throws(() => invocationOf('predict', undefined, large, 'csv', true), {
    code: 'too_large',
    message: /^the rows after row 7 take 6291457 bytes in one request/,
  })
})

t.test('rows are numbered as in the file', async (t) => {
  const cases: [format: 'csv' | 'jsonl' | 'json', before: string, after: string][] = [
    ['csv', '1,a,0.5\n2,b,1\n', '11,a,0.5\n12,b,1\n'],
    ['csv', '1,"a\n2,""b""",1\n2,c,1', '11,"a\n2,""b""",1\n12,c,1'],
    ['csv', '', ''],
    ['jsonl', '{"row":1,"x":[{"row":1}]}\n{"row":2}\n', '{"row":11,"x":[{"row":1}]}\n{"row":12}\n'],
    ['jsonl', '{"score":1}\n', '{"score":1}\n'],
    ['json', '{"row":1}', '{"row":1}'],
  ]
  for (const [format, before, after] of cases) {
    t.equal(Buffer.from(numberAnswer(Buffer.from(before), format, 10)).toString(), after)
    t.equal(Buffer.from(numberAnswer(Buffer.from(before), format, 0)).toString(), before)
  }
  t.equal(numberMessage('row 3, column "a"', 10), 'row 13, column "a"')
  t.equal(numberMessage('row 3, column "a"', 0), 'row 3, column "a"')
})

t.test('no password stands on a command line', async (t) => {
  const push = {
    directory: '.',
    target: 'r.io/a:1',
    registry: 'r.io',
    platform: 'linux/amd64',
  }
  for (const name of ['docker', 'podman', 'buildah'] as const) {
    const calls = callsOf(name, push)
    t.match(calls[0]?.args, ['build'], name)
    t.notOk(calls[0]?.args.includes('--target'))
    const staged = callsOf(name, { ...push, stage: 'sagemaker' })[0]?.args ?? []
    t.equal(staged[staged.indexOf('--target') + 1], 'sagemaker')
    const login = calls.find(({ takesPassword }) => takesPassword)
    t.same(login?.args, ['login', '--username', 'AWS', '--password-stdin', 'r.io'])
    t.equal(
      calls.some(({ isLast }) => isLast),
      name === 'docker',
      'a login of ours is not left',
    )
    t.same(callsOf(name, { ...push, local: 'mine' })[0]?.args, ['tag', 'mine', 'r.io/a:1'])
  }
})

t.test('the stage for SageMaker is built where the Dockerfile has one', (t) => {
  t.equal(stageForSageMaker(readFileSync(join(root, 'Dockerfile'), 'utf8')), 'sagemaker')
  t.equal(stageForSageMaker('FROM node AS base\nFROM base AS SageMaker\n'), 'sagemaker')
  t.equal(stageForSageMaker('FROM node\n# FROM x AS sagemaker-old\n'), undefined)
  t.end()
})
