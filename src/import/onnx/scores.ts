/** What the classifiers of ai.onnx.ml have in common. */
import type { Link, ModelSpec } from '../../models/model.ts'
import { unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'

/** A classifier over features. */
export interface OnnxClassifier {
  readonly estimator: string
  readonly spec: ModelSpec
  readonly classes: readonly string[]
  /** How many features it asks for at least. */
  readonly features: number
  /** Whether some split says that missing values go where its condition holds. */
  readonly knowsMissing: boolean
  /** Whether features come in double precision; otherwise they are rounded to single. */
  readonly isDouble?: true
}

/** How scores of several classes become probabilities. */
export function linkOf(node: OnnxNode, isNormalised: boolean): Exclude<Link, 'logit'> {
  const transform = node.text('post_transform') ?? 'NONE'
  if (transform === 'SOFTMAX') return 'softmax'
  if (transform === 'LOGISTIC') return isNormalised ? 'one_vs_rest' : 'sigmoid_each'
  if (transform === 'NONE') return 'identity'
  throw unsupported(
    `${node.where} with post_transform ${JSON.stringify(transform.slice(0, 64))} is not read`,
  )
}
