/** The ways to explain a tree ensemble: by the covers of its nodes, and against background rows. */
import type { Matrix } from '../data/matrix.ts'
import type { Method, Space } from '../shap/explanation.ts'
import { compileInterventional, estimateInterventional } from '../shap/interventional.ts'
import type { TreeShap } from '../shap/path-dependent-shap.ts'
import { compileTreeShap } from '../shap/tree-shap.ts'
import { sharedTreePredictor } from '../trees/predict.ts'
import { scoreOf } from './link.ts'
import {
  type ExplainerOffer,
  type ModelExplainer,
  type ModelShape,
  offerLazily,
  type TreesSpec,
} from './model.ts'

/** A node takes up to four microseconds to be made ready for explaining, with the quadrature of its path. */
const NODE_SECONDS = 4e-6

const NO_COVERS =
  'path-dependent SHAP values and interactions weigh the branches of a split by the training rows that took them, which this model does not hold'

/** Returns every way to explain an ensemble, the default first. */
export function offerTreeExplainers(
  spec: TreesSpec,
  { features }: ModelShape,
  background: Matrix,
): readonly ExplainerOffer[] {
  const space = spaceOf(spec)
  const hasBackground = background.rows > 0
  const pathDependent = offerLazily(
    {
      space,
      method: 'tree_path_dependent',
      hasInteractions: true,
      ...(spec.cover ? {} : { refusal: describeRefusal(hasBackground) }),
      buildSeconds: () => spec.feature.length * NODE_SECONDS,
    },
    () => buildPathDependent(spec, features),
  )
  if (!hasBackground) return [pathDependent]
  const interventional = offerLazily(
    {
      space,
      method: 'tree_interventional',
      buildSeconds: () => estimateInterventional(spec, background.rows),
    },
    () => {
      const shap = compileInterventional(spec, features, background)
      return buildSigned(spec, features, 'tree_interventional', shap)
    },
  )
  return spec.cover ? [pathDependent, interventional] : [interventional, pathDependent]
}

function describeRefusal(hasBackground: boolean): string {
  return hasBackground
    ? `${NO_COVERS}; ask for method=tree_interventional, without interactions`
    : `${NO_COVERS}; it has no rows to explain against either, so it gives predictions only; give such rows to the import with --background`
}

function spaceOf({ link }: TreesSpec): Space {
  return link === 'identity' ? 'probability' : 'log_odds'
}

function buildPathDependent(spec: TreesSpec, features: number): ModelExplainer {
  const shap = compileTreeShap(spec, features)
  const explainer = buildSigned(spec, features, 'tree_path_dependent', shap)
  return {
    ...explainer,
    interactions(x, labels, out) {
      shap.interactions(x, scoresOf(spec, labels), out)
      applySigns(spec, labels, out, features * features)
    },
    interactionCost: shap.interactionCost,
  }
}

/** The explainer of classes over one of an ensemble's outputs. */
function buildSigned(
  spec: TreesSpec,
  features: number,
  method: Method,
  shap: Pick<TreeShap, 'baseValues' | 'explain' | 'explainRows' | 'cost'>,
): ModelExplainer {
  const predictor = sharedTreePredictor(spec)
  const scores = new Float64Array(spec.outputs)
  const signed = (label: number, values: Float64Array, at = 0) => {
    const { score, sign } = scoreOf(spec.link, label)
    return sign * values[at + score]!
  }
  return {
    space: spaceOf(spec),
    method,
    baseValue: (label) => signed(label, shap.baseValues),
    output(x, label) {
      predictor.predict(x, scores)
      return signed(label, scores)
    },
    outputRows(X, labels, out) {
      const all = X.rows === 1 ? scores : new Float64Array(X.rows * spec.outputs)
      if (X.rows === 1) predictor.predict(X.data, all)
      else predictor.predictRows(X, all)
      for (let row = 0; row < X.rows; row++) {
        for (let i = 0; i < labels.length; i++)
          out[row * labels.length + i] = signed(labels[i]!, all, row * spec.outputs)
      }
    },
    explain(x, labels, phi) {
      shap.explain(x, scoresOf(spec, labels), phi)
      applySigns(spec, labels, phi, features)
    },
    explainRows(X, labels, phi) {
      shap.explainRows(X, scoresOf(spec, labels), phi)
      applySigns(spec, labels, phi, features)
    },
    cost: shap.cost,
    interactionCost: 0,
  }
}

function scoresOf(spec: TreesSpec, labels: readonly number[]): number[] {
  return labels.map((label) => scoreOf(spec.link, label).score)
}

/** Negates, in blocks of `width` per class, the values of a class whose score is another's negated. */
function applySigns(
  spec: TreesSpec,
  labels: readonly number[],
  values: Float64Array,
  width: number,
): void {
  if (spec.link !== 'logit') return
  for (let block = 0; block * width < values.length; block++) {
    if (scoreOf(spec.link, labels[block % labels.length]!).sign > 0) continue
    // Subtracting from zero keeps an unused feature at 0 instead of −0.
    for (let i = block * width; i < (block + 1) * width; i++) values[i] = 0 - values[i]!
  }
}
