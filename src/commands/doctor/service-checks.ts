/**
 * What SageMaker and its clients ask of a running model server.
 * Limits: SageMaker's developer guide, "Custom inference code with hosting services" (ping 2 s, invocation 60 s).
 */
import { textOfCell, type Written } from '../../data/written.ts'
import type { Answer, Service } from './asked-service.ts'
import { type Check, CheckFailure, CheckSkipped } from './check.ts'
import { bodiesOf, type ExampleBody, type ExampleRow } from './example-bodies.ts'

/** SageMaker takes an instance out of service whose /ping takes longer. */
export const PING_SECONDS = 2
const INVOCATION_SECONDS = 60
/** How often /ping is asked; the slowest counts. */
const PINGS = 5
/** Largest distance of a SHAP sum to its output. */
const ADDITIVITY = 1e-6

/** The check without which no other is made. */
export const PING = 'ping'

/** Returns the checks of a running service, in the order in which they are made; later ones use what earlier ones found. */
export function serviceChecks(service: Service): readonly (readonly [string, Check])[] {
  let example: ExampleRow | undefined
  let first: readonly unknown[] | undefined
  const invoke = ({ type, body }: ExampleBody, accept = 'application/json') =>
    service.ask('/invocations', INVOCATION_SECONDS, {
      method: 'POST',
      headers: { 'content-type': type, accept },
      body,
    })
  const known = (): ExampleRow => {
    if (example) return example
    throw new CheckSkipped('no row of the model is known')
  }
  return [
    [PING, () => ping(service)],
    [
      'model',
      async () => {
        const answer = await service.ask('/model', INVOCATION_SECONDS)
        if (answer.status === 404)
          throw new CheckSkipped(
            'there is no /model: a multi-model endpoint, or not shapserve; without its example nothing else is asked',
          )
        const card = parse(answer, '/model')
        example = readExample(card)
        return `${card.estimator} ${card.model_id}, ${example.texts.length} columns`
      },
    ],
    [
      'invocation',
      async () => {
        const [body] = bodiesOf(known())
        const answer = await invoke(body)
        const { predictions } = parse(answer, '/invocations')
        if (!Array.isArray(predictions) || predictions.length !== 1)
          throw new CheckFailure('/invocations: one row went in, and not one prediction came out')
        first = predictions
        return `the model's example as ${body.name}: 200 in ${duration(answer.ms)}`
      },
    ],
    [
      'formats',
      async () => {
        const [, ...others] = bodiesOf(known())
        if (first === undefined) throw new CheckSkipped('there is no answer to compare with')
        for (const body of others) {
          const { predictions } = parse(await invoke(body), `/invocations with ${body.name}`)
          if (!isSame(predictions, first))
            throw new CheckFailure(
              `${body.name} gives ${brief(predictions)}, a JSON object gave ${brief(first)}`,
            )
        }
        return `${others.map(({ name }) => name).join(', ')}: the same answer`
      },
    ],
    [
      'accept',
      async () => {
        const [body] = bodiesOf(known())
        const types = ['application/json', 'text/csv', 'application/jsonlines']
        for (const type of types) {
          const answer = await invoke(body, type)
          const found = answer.headers.get('content-type') ?? 'no content type'
          if (answer.status !== 200 || !found.startsWith(type))
            throw new CheckFailure(`Accept: ${type} is answered ${answer.status} as ${found}`)
        }
        return `${types.join(', ')} as asked for`
      },
    ],
    [
      'bad input',
      async () => {
        const unread = await invoke({ name: '', type: 'image/png', body: 'x' })
        expect(unread, 415, 'a body of type image/png')
        const broken = await invoke({ name: '', type: 'application/json', body: '{"' })
        expect(broken, 400, 'half a JSON text')
        return 'refused with 415 and 400, saying why'
      },
    ],
    ['explanation', () => explain(service, known())],
    [
      'batch transform',
      async () => {
        const limits = parse(
          await service.ask('/execution-parameters', PING_SECONDS),
          '/execution-parameters',
        )
        return `${limits.BatchStrategy}, at most ${limits.MaxPayloadInMB} MB at a time`
      },
    ],
  ]
}

async function ping(service: Service): Promise<string> {
  let slowest = 0
  for (let i = 0; i < PINGS; i++) {
    const { status, ms } = await service.ask('/ping', PING_SECONDS)
    if (status !== 200)
      throw new CheckFailure(
        `/ping answers ${status}; SageMaker takes an instance into service on 200 only`,
      )
    slowest = Math.max(slowest, ms)
  }
  return `200 within ${duration(slowest)} (SageMaker waits ${PING_SECONDS} s)`
}

async function explain(service: Service, example: ExampleRow): Promise<string> {
  const [{ type, body }] = bodiesOf(example)
  const answer = await service.ask('/explain', INVOCATION_SECONDS, {
    method: 'POST',
    headers: { 'content-type': type, accept: 'application/json' },
    body,
  })
  const { base_values: bases, explanations } = parse(answer, '/explain')
  const [row] = Array.isArray(explanations) ? explanations : []
  if (!Array.isArray(bases) || !isRecord(row))
    throw new CheckFailure('/explain: no explanation came back')
  const { outputs, shap_values: values } = row as { outputs: number[]; shap_values: number[][] }
  const gap = Math.max(
    ...outputs.map((output, i) =>
      Math.abs(output - values[i]!.reduce((a, b) => a + b, Number(bases[i]))),
    ),
  )
  if (!(gap <= ADDITIVITY))
    throw new CheckFailure(`/explain: the SHAP values miss the output by ${gap}`)
  return `SHAP values of ${values[0]!.length} columns sum to the output, in ${duration(answer.ms)}`
}

/** Some forms are answered by labels alone, as the clients that send them expect. */
function isSame(found: unknown, first: readonly unknown[]): boolean {
  if (!Array.isArray(found)) return false
  const isLabels = !isRecord(found[0]) && isRecord(first[0])
  const expected = isLabels ? [(first[0] as Record<string, unknown>).predicted_label] : first
  return JSON.stringify(found) === JSON.stringify(expected)
}

function brief(value: unknown): string {
  return `${JSON.stringify(value)}`.slice(0, 200)
}

function expect({ status, text }: Answer, expected: number, what: string): void {
  if (status !== expected) throw new CheckFailure(`${what} is answered ${status}, not ${expected}`)
  if (text.length === 0) throw new CheckFailure(`${what} is refused without a word`)
}

function parse({ status, text }: Answer, what: string): Record<string, unknown> {
  if (status === 401)
    throw new CheckFailure(`${what} asks for a token: give a file with one by --token-file`)
  if (status !== 200) throw new CheckFailure(`${what} is answered ${status}: ${text.slice(0, 300)}`)
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Said below.
  }
  throw new CheckFailure(`${what} is not answered with a JSON object`)
}

function readExample({ example, columns }: Record<string, unknown>): ExampleRow {
  if (!isRecord(example)) throw new CheckFailure('/model has no example of a row')
  const row = example as ExampleRow['row']
  const known = Array.isArray(columns) ? columns.filter(isRecord) : []
  const writtenOf = new Map(known.map(({ name, written }) => [name, written as Written]))
  const texts = Object.entries(row).map(([name, cell]) => textOfCell(writtenOf.get(name), cell))
  return { row, texts }
}

/** Returns milliseconds as a person reads them. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
