/** Settings: what stands in the environment of a container must start it, and what is wrong must not. */
import t from 'tap'
import { type Config, type Env, loadConfig, strayVariables } from '../src/config.ts'

const accepted: readonly [name: string, env: Env, expected: Partial<Config>][] = [
  ['nothing', {}, { deadlineMs: 55_000, explainSeconds: 50, maxBodyBytes: 26_214_400 }],
  ['batch', { SAGEMAKER_BATCH: 'True' }, { deadlineMs: 595_000, explainSeconds: 590 }],
  ['batch and more', { SAGEMAKER_BATCH: 'true', SHAPSERVE_DEADLINE_MS: '9' }, { deadlineMs: 9 }],
  ['SageMaker’s timeout', { SAGEMAKER_MODEL_SERVER_TIMEOUT: '3600' }, { deadlineMs: 3_600_000 }],
  ['its explanations', { SAGEMAKER_MODEL_SERVER_TIMEOUT: '3600' }, { explainSeconds: 3595 }],
  ['no timeout', { SAGEMAKER_MODEL_SERVER_TIMEOUT: '0' }, { deadlineMs: 86_400_000 }],
  [
    'the timeout of the toolkit',
    { SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS: '90', SAGEMAKER_MODEL_SERVER_TIMEOUT: '60' },
    { deadlineMs: 90_000 },
  ],
  ['a short deadline', { SHAPSERVE_DEADLINE_MS: '4000' }, { explainSeconds: 2 }],
  ['explanations of their own', { SHAPSERVE_EXPLAIN_SECONDS: '7' }, { explainSeconds: 7 }],
  ['chunked streaming', { SAGEMAKER_MAX_PAYLOAD_IN_MB: '0' }, { maxBodyBytes: 100 << 20 }],
  ['the page', {}, { page: true }],
  ['no page on SageMaker', { SAGEMAKER_BIND_TO_PORT: '8080' }, { page: false }],
  [
    'a page on SageMaker all the same',
    { SAGEMAKER_REGION: 'eu-west-1', SHAPSERVE_PAGE: 'true' },
    { page: true },
  ],
  ['no page in batch', { SAGEMAKER_BATCH: 'true' }, { page: false, deadlineMs: 595_000 }],
  ['a payload', { SAGEMAKER_MAX_PAYLOAD_IN_MB: '6' }, { maxBodyBytes: 6 << 20 }],
  ['an unknown output', { SAGEMAKER_INFERENCE_OUTPUT: 'x' }, { inferenceOutput: 'x' }],
  ['memory', { SHAPSERVE_MODEL_MEMORY: '1000' }, { modelMemory: 1000 }],
  ['memory as it is', {}, { modelMemory: Number.POSITIVE_INFINITY }],
  ...(
    [
      ...[
        ['NOTSET', 'trace'],
        ['DEBUG', 'debug'],
        ['INFO', 'info'],
        ['WARNING', 'warn'],
      ],
      ...[
        ['WARN', 'warn'],
        ['Error', 'error'],
        ['CRITICAL', 'fatal'],
        ['FATAL', 'fatal'],
      ],
      ...[
        ['0', 'trace'],
        ['10', 'debug'],
        ['20', 'info'],
        ['30', 'warn'],
        ['40', 'error'],
      ],
      ...[
        ['50', 'fatal'],
        ['silent', 'silent'],
        ['trace', 'trace'],
      ],
    ] as [string, string][]
  ).flatMap(([text, logLevel]): [string, Env, Partial<Config>][] => [
    [`level ${text}`, { LOG_LEVEL: text }, { logLevel }],
    [`SageMaker’s level ${text}`, { SAGEMAKER_CONTAINER_LOG_LEVEL: text }, { logLevel }],
  ]),
  ...['true', 'True', '1', 'yes', 'ON', ' true '].map((text): [string, Env, Partial<Config>] => [
    `yes as ${text}`,
    { SAGEMAKER_MULTI_MODEL: text, PREDICT_PROBA: text },
    { multiModel: true, predictProbabilities: true },
  ]),
  ...['false', 'False', '0', 'no', 'off', ''].map((text): [string, Env, Partial<Config>] => [
    `no as ${text}`,
    { SAGEMAKER_MULTI_MODEL: text, SAGEMAKER_BATCH: text },
    { multiModel: false, deadlineMs: 55_000 },
  ]),
]

t.test('what containers are given is read', (t) => {
  for (const [name, env, expected] of accepted) t.match(loadConfig(env, {}), expected, name)
  t.end()
})

t.test('a file of flags comes before what is usual, and after the rest', (t) => {
  const file = { deadlineMs: '7', maxBodyBytes: '9' }
  t.match(loadConfig({}, {}, file), { deadlineMs: 7, maxBodyBytes: 9 })
  t.match(loadConfig({ SAGEMAKER_BATCH: 'true' }, {}, file), { deadlineMs: 7 })
  t.match(loadConfig({ SHAPSERVE_DEADLINE_MS: '8' }, {}, file), { deadlineMs: 8 })
  t.match(loadConfig({ SHAPSERVE_DEADLINE_MS: '8' }, { deadlineMs: '9' }, file), { deadlineMs: 9 })
  t.throws(() => loadConfig({}, {}, { deadlineMs: '0' }), /--deadline-ms is "0"/)
  t.end()
})

t.test('what is no value of a setting stops the start, with its name and the value', (t) => {
  const refused: readonly [name: string, text: string][] = [
    ['SAGEMAKER_MULTI_MODEL', 'maybe'],
    ['SAGEMAKER_BATCH', 'maybe'],
    ['PREDICT_PROBA', '2'],
    ['SAGEMAKER_MAX_PAYLOAD_IN_MB', '-1'],
    ['SAGEMAKER_MAX_PAYLOAD_IN_MB', '101'],
    ['SAGEMAKER_MODEL_SERVER_TIMEOUT', '1.5'],
    ['SHAPSERVE_DEADLINE_MS', '0'],
    ['SHAPSERVE_DRAIN_GRACE_MS', 'soon'],
    ['LOG_LEVEL', 'LOUD'],
    ['LOG_LEVEL', '__proto__'],
    ['SHAPSERVE_MODEL_MEMORY', 'all'],
  ]
  for (const [name, text] of refused) {
    const message = new RegExp(`^${name} is ${JSON.stringify(text)}, expected `)
    t.throws(() => loadConfig({ [name]: text }, {}), { code: 'invalid_parameter', message })
  }
  t.throws(() => loadConfig({}, { multiModel: 'maybe' }), { message: /^--multi-model is "maybe"/ })
  t.end()
})

t.test('a variable that is nearly a setting is warned of', (t) => {
  const env = { SHAPSERVE_DEADLINE: '1', SHAPSERVE_HOST: '::', shapserve_host: 'x', PATH: '/bin' }
  t.strictSame(strayVariables(env), [
    'there is no setting "SHAPSERVE_DEADLINE"; did you mean "SHAPSERVE_DEADLINE_MS"?',
    'there is no setting "shapserve_host"; did you mean "SHAPSERVE_HOST"?',
  ])
  t.strictSame(strayVariables({ SHAPSERVE_ZZZZZZZZZZZZ: '1' }), [
    'there is no setting "SHAPSERVE_ZZZZZZZZZZZZ"',
  ])
  t.end()
})
