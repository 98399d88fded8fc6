/** Every body check of the cases' legend; each throws what is wrong. */
import { type BodyCheck, readBodyCheck } from './case.ts'
import type { CheckContext } from './exchange.ts'
import { additivityScopes, findExplanations, hasAttributions } from './explanations.ts'
import { parseExpression } from './expression.ts'
import { checkJson } from './json-check.ts'
import { select } from './json-path.ts'
import { judgeNote } from './notes.ts'
import { parseNpy } from './npy.ts'
import { checkPredictionsEqual, checkSameOutcome, predictionsOf } from './prediction-checks.ts'
import { parseRegex } from './python-regex.ts'
import { decodeJson, decodeText, linesOf, parseCsv } from './text.ts'

interface Kind {
  readonly fields: readonly string[]
  readonly check: (check: BodyCheck, context: CheckContext) => void | Promise<void>
}

const kinds: Readonly<Record<string, Kind>> = {
  empty_or_regex: {
    fields: ['value'],
    check({ value }, { answer }) {
      const text = decodeText(answer.body)
      if (text !== '' && !parseRegex(toText(value)).test(text))
        throw new Error(`the body is neither empty nor a match of ${value}`)
    },
  },
  text_regex: {
    fields: ['value'],
    check({ value }, { answer }) {
      if (!parseRegex(toText(value)).test(decodeText(answer.body)))
        throw new Error(`the body does not match ${value}`)
    },
  },
  not_contains: {
    fields: ['value'],
    check({ value }, { answer }) {
      if (answer.body.includes(toText(value))) throw new Error(`the body contains ${value}`)
    },
  },
  max_bytes: {
    fields: ['value'],
    check: ({ value }, { answer }) => compare('bytes', answer.body.length, '<=', value),
  },
  line_count: {
    fields: ['value'],
    check: ({ value }, { answer }) =>
      compare('lines', linesOf(decodeText(answer.body)).length, '=', value),
  },
  line_count_equals_input: {
    fields: [],
    check(_, { answer, request }) {
      const lines = linesOf(decodeText(request.body ?? Buffer.of())).length
      compare('lines', linesOf(decodeText(answer.body)).length, '=', lines)
    },
  },
  ends_with_newline: {
    fields: [],
    check(_, { answer }) {
      if (answer.body.at(-1) !== 0x0a) throw new Error('the body does not end with a newline')
    },
  },
  csv_shape: {
    fields: ['rows', 'cols'],
    check({ rows, cols }, { answer }) {
      const table = parseCsv(decodeText(answer.body))
      if (rows === undefined && cols === undefined) throw new Error('neither rows nor cols given')
      if (table.some((row) => row.length === 1 && row[0] === '')) throw new Error('a blank line')
      if (table.some((row) => row.length !== table[0]?.length))
        throw new Error('rows of two widths')
      if (rows !== undefined) compare('rows', table.length, '=', rows)
      if (cols !== undefined) compare('columns', table[0]?.length ?? 0, '=', cols)
    },
  },
  rows: {
    fields: ['value'],
    check: ({ value }, { answer }) =>
      compare('predictions', predictionsOf(answer).rows.length, '=', value),
  },
  json: {
    fields: ['path', 'check', 'value'],
    check: ({ path, check, value }, { answer }) =>
      checkJson(decodeJson(answer.body), toText(path), toText(check), value),
  },
  json_expr: { fields: ['value'], check: checkExpression },
  each_line_json: {
    fields: ['paths'],
    check({ paths = [] }, { answer }) {
      const lines = linesOf(decodeText(answer.body))
      if (lines.length === 0) throw new Error('the body is empty')
      for (const [index, line] of lines.entries()) {
        const value = decodeJson(Buffer.from(line))
        for (const path of toList(paths)) {
          if (select(value, toText(path)).values.length === 0)
            throw new Error(`line ${index + 1} has no ${path}`)
        }
      }
    },
  },
  valid_json: {
    fields: [],
    check(_, { answer }) {
      decodeJson(answer.body)
    },
  },
  npy: {
    fields: ['shape0'],
    check({ shape0 }, { answer }) {
      const { shape, values } = parseNpy(answer.body)
      compare('shape[0]', shape[0] ?? 1, '=', shape0)
      if (values.some((value) => typeof value === 'number' && !Number.isFinite(value)))
        throw new Error('a value is not finite')
    },
  },
  predictions_equal: {
    fields: ['case'],
    check: ({ case: id }, context) => checkPredictionsEqual(toText(id), context),
  },
  if_200_predictions_equal: {
    fields: ['case'],
    check: ({ case: id }, context) =>
      context.answer.status === 200 ? checkPredictionsEqual(toText(id), context) : undefined,
  },
  same_outcome_as: {
    fields: ['case'],
    check: ({ case: id }, context) => checkSameOutcome(toText(id), context),
  },
  contains_explanations: {
    fields: ['rows'],
    check({ rows }, { answer }) {
      const found = findExplanations(answer.body, answer.headers.get('content-type'))
      const explained = found.filter(hasAttributions).length
      if (rows === undefined) compare('explained rows', explained, '>=', 1)
      else compare('explained rows', explained, '=', rows)
    },
  },
  body_equals_repeat: {
    fields: ['times'],
    async check({ times = 1 }, { answer, send }) {
      if (!Number.isInteger(times) || Number(times) < 1) throw new Error('times is no count')
      for (let i = 0; i < Number(times); i++) {
        const again = await send()
        if (again.status !== answer.status || !again.body.equals(answer.body))
          throw new Error('the same request was answered differently')
      }
    },
  },
  /** Several checks of which one must hold, or a sentence that the runner knows how to judge. */
  one_of: {
    fields: ['value'],
    async check({ value, note }, context) {
      if (value === undefined) return judgeNote(toText(note), context)
      const problems: string[] = []
      for (const choice of toList(value)) {
        const problem = await judge(readBodyCheck(choice), context)
        if (problem === undefined) return
        problems.push(problem)
      }
      throw new Error(`none of these holds: ${problems.join(', ')}`)
    },
  },
}

/** Names of all kinds of body checks. */
export const kindNames: readonly string[] = Object.keys(kinds)

/** Returns what is wrong by one body check; undefined when it holds. */
export async function judge(check: BodyCheck, context: CheckContext): Promise<string | undefined> {
  try {
    const kind = Object.hasOwn(kinds, check.kind) ? kinds[check.kind] : undefined
    if (!kind) return `the check kind "${check.kind}" is not known`
    const known = ['kind', 'note', ...kind.fields]
    const [stranger] = Object.keys(check).filter((name) => !known.includes(name))
    if (stranger !== undefined) throw new Error(`"${stranger}" is not understood`)
    await kind.check(check, context)
    return undefined
  } catch (error) {
    return `${check.kind}: ${(error as Error).message}`
  }
}

/** Names that the answer lacks, but that every additive explanation has, are read record by record. */
function checkExpression({ value }: BodyCheck, { answer }: CheckContext): void {
  const { names, evaluate } = parseExpression(toText(value))
  const root = decodeJson(answer.body)
  const hasName = (name: string) => name === '$' || select(root, name).values.length > 0
  const isAdditivity = names.some(
    (name) => !hasName(name) && ['expected_value', 'attributions', 'model_output'].includes(name),
  )
  const scopes = isAdditivity ? additivityScopes(root) : [{}]
  if (scopes.length === 0) throw new Error('the answer explains nothing')
  for (const [index, scope] of scopes.entries()) {
    const result = evaluate((name) => {
      if (Object.hasOwn(scope, name)) return (scope as Record<string, unknown>)[name]
      if (!hasName(name)) throw new Error(`the answer has no "${name}"`)
      return name === '$' ? root : select(root, name).values[0]
    })
    if (result !== true)
      throw new Error(`${value} is ${JSON.stringify(result)}${isAdditivity ? ` (${index})` : ''}`)
  }
}

function compare(what: string, found: number, op: '=' | '<=' | '>=', wanted: unknown): void {
  if (typeof wanted !== 'number') throw new Error(`${JSON.stringify(wanted)} is no number`)
  const holds = op === '=' ? found === wanted : op === '<=' ? found <= wanted : found >= wanted
  if (!holds) throw new Error(`${what}: ${found}, wanted ${op} ${wanted}`)
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error(`${JSON.stringify(value)} is no text`)
}

function toList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw new Error(`${JSON.stringify(value)} is no list`)
}
