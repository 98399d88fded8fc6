/** The native engine's logistic regression. */
import { InputError } from '../../errors.ts'
import type { LinearSpec } from '../../models/model.ts'
import { classWeightParam, classWeights, rowWeights } from '../class-weight.ts'
import type { Estimator, FitContext } from '../estimator.ts'
import type { Params } from '../params.ts'
import { buildDesign, type DesignMatrix } from './design-matrix.ts'
import { minimiseSmooth } from './lbfgs.ts'
import { logisticLoss } from './logistic-loss.ts'
import { maxNorm, type Outcome, type PenalisedLoss, type Point, pointAt } from './penalised-loss.ts'
import { centreOutputs } from './preconditioner.ts'
import { minimiseWithL1, subgradientNorm } from './proximal-newton.ts'

/** What is wanted of the intercept of a class without weight: rare, but a number. */
const SMALLEST_SHARE = 1e-6

/**
 * Logistic regression with scikit-learn's parameters and meaning (LogisticRegression of 1.9 with solvers lbfgs and saga):
 * minimises C Σ_i s_i loss_i + penalty(w), where the intercepts are not penalised. Two classes have one score, more
 * have a softmax.
 */
export const logisticRegression: Estimator = {
  title: 'logistic regression',
  shortName: 'logistic',
  unit: 'iterations',
  scale: true,
  acceptsWeights: true,
  params: {
    penalty: {
      type: 'choice',
      choices: ['l2', 'l1', 'elasticnet', 'none'],
      default: 'l2',
      description:
        'l2: ½‖w‖², l1: ‖w‖₁ (leaves columns out), elasticnet: a mixture by l1_ratio, none: no penalty',
    },
    C: {
      type: 'number',
      minimum: 1e-9,
      maximum: 1e12,
      default: 1,
      description: 'weight of the data against the penalty; smaller: stronger penalty',
    },
    l1_ratio: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: null,
      optional: true,
      description: "the l1 penalty's share; needed by elasticnet, not taken by others",
    },
    class_weight: classWeightParam,
    fit_intercept: {
      type: 'boolean',
      default: true,
      description: 'whether scores have an intercept; it is not penalised',
    },
    tol: {
      type: 'number',
      minimum: 1e-14,
      maximum: 1,
      default: 1e-4,
      description:
        'the fit ends when no component of the gradient of mean loss + penalty / (C · sum of weights) exceeds it',
    },
    max_iter: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 100,
      description: 'iterations of the optimiser at most',
    },
  },
  searchSpace: {
    penalty: { kind: 'choice', values: ['l2', 'l1', 'elasticnet'] },
    C: { kind: 'log_uniform', low: 1e-4, high: 1e4 },
    l1_ratio: {
      kind: 'uniform',
      low: 0.05,
      high: 0.95,
      when: { parameter: 'penalty', value: 'elasticnet' },
    },
    class_weight: { kind: 'choice', values: ['none', 'balanced'] },
  },

  async fit(X, y, classes, params, context) {
    const { l1, l2 } = penaltyOf(params, context)
    const weights = normalisedWeights(y, params, context)
    const loss = logisticLoss(y, classes, weights.shares)
    const design = buildDesign(X, params.fit_intercept as boolean)
    const objective = { design, loss, l1: l1 / weights.total, l2: l2 / weights.total }
    const point = pointAt(objective, startOf(design, y, classes, weights.shares))
    await optimise(objective, point, params, context)
    if (params.penalty === 'none') warnIfSeparated(objective, point, y, context)
    return specOf(design, classes, point.theta)
  },
}

/** Returns the factors of ‖w‖₁ and ½‖w‖² beside Σ s_i loss_i. */
function penaltyOf(params: Params, context: FitContext): { l1: number; l2: number } {
  const { penalty, C, l1_ratio: ratio } = params as Params & { C: number }
  if (penalty === 'elasticnet' && ratio === null) {
    throw new InputError(
      'invalid_parameter',
      'penalty elasticnet needs l1_ratio, a number from 0 (l2) to 1 (l1)',
    )
  }
  if (penalty !== 'elasticnet' && ratio !== null) {
    throw new InputError(
      'invalid_parameter',
      `l1_ratio is ${ratio} but penalty is ${penalty}; only penalty elasticnet takes l1_ratio`,
    )
  }
  if (penalty === 'none') {
    if (C !== 1) context.warn(`C is ${C} but penalty is none, which does not use it`)
    return { l1: 0, l2: 0 }
  }
  const share = penalty === 'l1' ? 1 : penalty === 'l2' ? 0 : (ratio as number)
  return { l1: share / C, l2: (1 - share) / C }
}

/** Returns every row's share of the sum of sample weight · class weight, and that sum. */
function normalisedWeights(
  y: Int32Array,
  params: Params,
  { classNames, sampleWeight }: FitContext,
): { shares: Float64Array; total: number } {
  // Unlike the trees, scikit-learn's LogisticRegression balances classes by the weight of their rows.
  const perClass = classWeights(params.class_weight as string, y, classNames, sampleWeight)
  const weights = rowWeights(y, perClass, sampleWeight) ?? new Float64Array(y.length).fill(1)
  let total = 0
  for (let row = 0; row < weights.length; row++) total += weights[row]!
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new InputError(
      'invalid_parameter',
      `the rows' weights add up to ${total}, expected a positive number; change class_weight`,
    )
  }
  for (let row = 0; row < weights.length; row++) weights[row] = weights[row]! / total
  return { shares: weights, total }
}

/** Returns θ with coefficients 0 and the intercepts that give every class its share of the weight. */
function startOf(
  { columns, width }: DesignMatrix,
  y: Int32Array,
  classes: number,
  weights: Float64Array,
): Float64Array {
  const outputs = classes === 2 ? 1 : classes
  const theta = new Float64Array(outputs * width)
  if (width === columns) return theta
  const shares = new Float64Array(classes)
  for (let row = 0; row < y.length; row++) shares[y[row]!] = shares[y[row]!]! + weights[row]!
  const logs = shares.map((share) => Math.log(Math.max(share, SMALLEST_SHARE)))
  if (classes === 2) theta[columns] = logs[1]! - logs[0]!
  else {
    const mean = logs.reduce((sum, log) => sum + log, 0) / classes
    for (let k = 0; k < classes; k++) theta[k * width + columns] = logs[k]! - mean
  }
  return theta
}

/** Runs the optimiser that the penalty needs, with progress; a fit that did not converge is warned about. */
async function optimise(
  objective: PenalisedLoss,
  point: Point,
  params: Params,
  context: FitContext,
): Promise<void> {
  const tolerance = params.tol as number
  const total = params.max_iter as number
  const minimise = objective.l1 > 0 ? minimiseWithL1 : minimiseSmooth
  const steps = minimise(objective, point, tolerance, total)
  await context.checkpoint(0, total)
  let step = steps.next()
  while (!step.done) {
    // The last one is reported when the fit is known to be over.
    if (step.value < total) await context.checkpoint(step.value, total)
    if (context.shouldStop?.()) {
      context.warn(`interrupted after ${step.value} of at most ${total} iterations`)
      return
    }
    step = steps.next()
  }
  await context.checkpoint(total, total)
  warnUnlessConverged(step.value, objective, point, params, context)
}

function warnUnlessConverged(
  outcome: Outcome,
  objective: PenalisedLoss,
  point: Point,
  { tol, max_iter }: Params,
  context: FitContext,
): void {
  const norm = objective.l1 > 0 ? subgradientNorm(objective, point) : maxNorm(point.gradient)
  const reached = `the gradient is ${norm.toExponential(1)}, tol is ${tol}`
  if (outcome === 'max_iter') {
    context.warn(
      `logistic regression has not converged after ${max_iter} iterations (${reached}): raise max_iter, ` +
        'or tol, or penalise more by a smaller C; columns of very different sizes converge slowly',
    )
  }
  if (outcome === 'stalled') {
    context.warn(
      `logistic regression stopped where rounding allows no further step (${reached}): raise tol, ` +
        'or scale columns of very different sizes',
    )
  }
}

/** Without a penalty, classes that a plane separates have no best model: coefficients grow as long as they are let. */
function warnIfSeparated(
  { loss }: PenalisedLoss,
  { scores }: Point,
  y: Int32Array,
  context: FitContext,
): void {
  const { outputs, weights } = loss
  for (let row = 0; row < y.length; row++) {
    if (weights[row] === 0) continue
    const label = y[row]!
    if (outputs === 1) {
      if (scores[row]! * (label === 1 ? 1 : -1) <= 0) return
      continue
    }
    const own = scores[row * outputs + label]!
    for (let k = 0; k < outputs; k++) if (k !== label && scores[row * outputs + k]! >= own) return
  }
  context.warn(
    'the classes can be separated without a mistake: without a penalty the coefficients have no limit ' +
      'and only tol ended their growth; use penalty l2',
  )
}

/** Returns the model; the means of the columns come with it, as the background of its SHAP values. */
function specOf(design: DesignMatrix, classes: number, theta: Float64Array): LinearSpec {
  const { rows, columns, width } = design
  const outputs = theta.length / width
  const coefficients = new Float64Array(outputs * columns)
  const intercepts = new Float64Array(outputs)
  for (let k = 0; k < outputs; k++) {
    coefficients.set(theta.subarray(k * width, k * width + columns), k * columns)
    if (width > columns) intercepts[k] = theta[k * width + columns]!
  }
  // Softmax does not see what all intercepts share: as scikit-learn's, they sum to 0.
  if (outputs > 1) centreOutputs(intercepts, outputs, 1)
  const means = new Float64Array(width)
  design.multiplyTransposed(new Float64Array(rows).fill(1 / rows), 1, means)
  return {
    kind: 'linear',
    features: columns,
    coefficients,
    intercepts,
    means: means.slice(0, columns),
    link: classes === 2 ? 'logit' : 'softmax',
  }
}
