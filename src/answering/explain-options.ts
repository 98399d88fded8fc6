/** What an explanation may be asked for: one table, from which requests are read, routes described and flags made. */
import type { ExplanationStyle } from '../codecs/codec.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { DEFAULT_CHANGES, type ExplainOptions, MAX_CHANGES } from '../predictor/predictor.ts'
import { methods, type Space, spaces } from '../shap/explanation.ts'
import { choice, type OptionKind, text, texts, truth, whole } from './option-kinds.ts'

export type ExplainRequest = ExplainOptions & {
  readonly format?: ExplanationStyle['format'] | 'clarify'
  /** Whether every row says what was not understood of it; absent = the rows where there is something. */
  readonly warnings?: boolean
}

interface ExplainOption<T> {
  /** Its name in requests. */
  readonly name: string
  readonly kind: OptionKind<T>
  readonly description: string
  /** How the command names it, what its help says, and what it means where it stands for one value. */
  readonly flag: { readonly form: string; readonly help: string; readonly means?: T }
}

/** Scales of SHAP values by the names that SHAP, XGBoost, scikit-learn and Clarify give them. */
const spacesElsewhere: ReadonlyMap<string, Space> = new Map([
  ['logit', 'log_odds'],
  ['logits', 'log_odds'],
  ['margin', 'log_odds'],
  ['logodds', 'log_odds'],
  ['prob', 'probability'],
  ['proba', 'probability'],
  ['predict_proba', 'probability'],
  ['probabilities', 'probability'],
])

/** Every option, by its name in {@link ExplainRequest}; whether rows are a part of more is nobody's to ask. */
const explainOptions = {
  output: {
    name: 'output',
    kind: text((classes) => [...classes, 'predicted', 'all']),
    description:
      'the class to explain; default: the positive one of two, otherwise the predicted one',
    flag: { form: '--output <class>', help: 'class to explain, predicted, or all' },
  },
  space: {
    name: 'space',
    kind: text(() => spaces, spacesElsewhere),
    description: "scale of the SHAP values; default: the model's own, see /model",
    flag: { form: '--space <space>', help: eitherOf(spaces) },
  },
  method: {
    name: 'method',
    kind: text(() => methods),
    description: "how they are computed; default: the model's own, see /model",
    flag: { form: '--method <method>', help: eitherOf(methods) },
  },
  level: {
    name: 'level',
    kind: choice(['columns', 'features']),
    description: 'per input column (default) or per model feature',
    flag: { form: '--level <level>', help: 'columns or features' },
  },
  top: {
    name: 'top',
    kind: whole(),
    description: 'only the k largest values; the rest is summed up in `others`',
    flag: { form: '--top <k>', help: 'only the k largest values of a row' },
  },
  interactions: {
    name: 'interactions',
    kind: truth,
    description: 'values of pairs of columns too; JSON, JSON Lines or CSV',
    flag: { form: '--interactions', help: 'values of pairs of columns too' },
  },
  counterfactual: {
    name: 'counterfactual',
    kind: text((classes) => classes),
    description: 'the class for which to find the smallest change of every row',
    flag: {
      form: '--counterfactual <class>',
      help: 'the smallest change of every row that gives a class',
    },
  },
  maxChanges: {
    name: 'max_changes',
    kind: whole(MAX_CHANGES),
    description: `most columns that a counterfactual changes, default ${DEFAULT_CHANGES}`,
    flag: { form: '--max-changes <k>', help: 'most columns that a counterfactual changes' },
  },
  freeze: {
    name: 'freeze',
    kind: texts,
    description: 'columns that a counterfactual leaves as they are, between commas or bars',
    flag: {
      form: '--freeze <columns>',
      help: 'columns that a counterfactual leaves as they are',
    },
  },
  format: {
    name: 'format',
    kind: choice(['json', 'contributions', 'clarify']),
    description: 'arrays (default) or sorted lists for people',
    flag: {
      form: '--contributions',
      help: 'sorted lists for people instead of arrays',
      means: 'contributions',
    },
  },
  warnings: {
    name: 'warnings',
    kind: truth,
    description:
      'whether every row of JSON and JSON Lines says what was not understood of it; default: the rows where there is something',
    flag: {
      form: '--warnings <truth>',
      help: 'whether rows say what was not understood, true or false',
    },
  },
} satisfies {
  readonly [K in Exclude<keyof ExplainRequest, 'isPart'>]-?: ExplainOption<
    NonNullable<ExplainRequest[K]>
  >
}

const rows = Object.entries(explainOptions) as [keyof ExplainRequest, ExplainOption<unknown>][]

/** Names of the options in requests. */
export const optionNames: readonly string[] = rows.map(([, { name }]) => name)

/**
 * Returns checked options; values may be texts, numbers or, where an option is a list, lists of texts.
 * @throws InputError `invalid_option`
 */
export function parseExplainOptions(given: Iterable<readonly [string, unknown]>): ExplainRequest {
  const request: Partial<Record<keyof ExplainRequest, unknown>> = {}
  for (const [asked, value] of given) {
    const found = rows.find(([, { name }]) => name === asked)
    if (!found) {
      throw new InputError(
        'invalid_option',
        `there is no option ${quote(asked)}${didYouMean(asked, optionNames)}; there are ${listNames(optionNames)}`,
      )
    }
    const [member, { name, kind }] = found
    request[member] = kind.read(name, value)
  }
  return request as ExplainRequest
}

/** Returns the JSON schema of every option by its name, for a model of these classes. */
export function describeExplainOptions(
  classes: readonly string[],
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(
    rows.map(([, { name, kind, description }]) => [name, { ...kind.schema(classes), description }]),
  )
}

/** The flags of `shapserve explain` that are options of requests: their form and help, in the order of the table. */
export const explainFlags: readonly { readonly form: string; readonly help: string }[] = rows.map(
  ([, { flag }]) => flag,
)

/**
 * Returns the options that flags stand for, as a query string has them.
 * @param given values by the names of the flags in camel case, as commander hands them over; others are passed over
 */
export function optionsOfFlags(
  given: Readonly<Record<string, unknown>>,
): readonly (readonly [name: string, value: unknown])[] {
  return rows.flatMap(([, { name, flag }]) => {
    const value = given[camelCase(flag.form)]
    return value === undefined ? [] : [[name, flag.means ?? value] as const]
  })
}

/** `--max-changes <k>` is `maxChanges`. */
function camelCase(form: string): string {
  const [flag = ''] = form.slice(2).split(' ')
  return flag.replace(/-./g, (match) => match.slice(1).toUpperCase())
}

/**
 * Returns whether `explain` asks for explanations at a route of predictions.
 * @param where it stood, for the message
 * @throws InputError `invalid_option` for what is neither yes nor no
 */
export function asksExplanation(value: unknown, where: string): boolean {
  if (value === undefined || value === null) return false
  const given = String(value)
  if (typeof value !== 'object' && /^(false|no|0)$/i.test(given)) return false
  if (typeof value !== 'object' && /^(shap|true|yes|1)$/i.test(given)) return true
  throw new InputError(
    'invalid_option',
    `explain is ${quote(value)} in ${where}, expected shap${didYouMean(given, ['shap'])}`,
  )
}

/** `a, b or c`. */
function eitherOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
