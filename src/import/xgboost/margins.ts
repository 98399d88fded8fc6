/** What an XGBoost objective makes of margins: how many there are, where they start, which link they have. */
import type { Link } from '../../models/model.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { XgboostParts } from './parts.ts'

/** Margins of a classifier. */
export interface Margins {
  readonly link: Extract<Link, 'logit' | 'softmax'>
  readonly outputs: number
  readonly base: Float64Array
  readonly needsClasses?: string
}

const LOGISTIC = ['binary:logistic', 'reg:logistic', 'binary:logitraw']
const SOFTMAX = ['multi:softprob', 'multi:softmax']

/** @throws ArtifactError `foreign` for an objective without class probabilities */
export function readMargins(parts: XgboostParts): Margins {
  const { objective, classes, targets } = parts
  if (objective === '')
    throw unsupported('the file names no objective; it was trained with a function of its own')
  const shown = /^[\w:.-]{1,64}$/.test(objective)
    ? objective
    : JSON.stringify(objective.slice(0, 64))
  if (!LOGISTIC.includes(objective) && !SOFTMAX.includes(objective))
    throw unsupported(
      `objective ${shown} gives no class probabilities; shapserve serves classifiers`,
    )
  if (targets > 1)
    throw unsupported(`the model has ${targets} targets; shapserve serves classifiers of one`)
  if (SOFTMAX.includes(objective)) {
    if (classes < 2) throw invalid(`objective ${shown} with ${classes} classes`)
    return { link: 'softmax', outputs: classes, base: spread(parts.baseScores, classes) }
  }
  if (classes > 1) throw invalid(`objective ${shown} with ${classes} classes`)
  const [score = 0] = spread(parts.baseScores, 1)
  return {
    link: 'logit',
    outputs: 1,
    base: Float64Array.of(startsFromMargin(parts) ? score : logit(score)),
    ...(objective === 'reg:logistic'
      ? {
          needsClasses:
            'objective reg:logistic is a regression of shares; if they are classes, name both with --classes',
        }
      : {}),
  }
}

/** Before 1.0 every base score was stored as a margin; that of logitraw again from 1.3 on. */
function startsFromMargin({ version, objective }: XgboostParts): boolean {
  const [major = 0, minor = 0] = version
  if (major < 1) return true
  return objective === 'binary:logitraw' && (major > 1 || minor >= 3)
}

/** The log-odds of a probability, in the library's single precision; it keeps 1e-6 away from 0 and 1. */
function logit(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) throw invalid(`base_score is ${probability}`)
  const kept = Math.fround(Math.min(1 - 1e-6, Math.max(1e-6, probability)))
  return Math.fround(-Math.log(Math.fround(Math.fround(1 / kept) - 1)))
}

function spread(scores: readonly number[], outputs: number): Float64Array {
  if (scores.length !== 1 && scores.length !== outputs)
    throw invalid(`base_score has ${scores.length} entries for ${outputs} scores`)
  return Float64Array.from({ length: outputs }, (_, k) => scores[scores.length === 1 ? 0 : k]!)
}
