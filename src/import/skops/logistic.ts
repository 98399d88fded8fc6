/** LogisticRegression and LogisticRegressionCV. */
import { invalid } from '../imported-model.ts'
import { classesOf, classNameOf, type Fitted, notRead, versionOf } from './fitted.ts'
import type { Item } from './schema.ts'

/** Returns the classifier; the means of its features are those of a background. */
export function readLogistic(item: Item): Fitted {
  const classes = classesOf(item)
  const features = item.get('n_features_in_').number()
  const coefficients = item.get('coef_').numbers()
  const intercepts = item.get('intercept_').numbers()
  const scores = classes.length === 2 ? 1 : classes.length
  if (coefficients.length !== scores * features || intercepts.length !== scores)
    throw invalid(
      `${item.where}.coef_ has ${coefficients.length} numbers, intercept_ ${intercepts.length}: expected ${scores} × ${features} and ${scores}`,
    )
  // An attribute of versions before 1.8. A softmax over two scores, one the negative of the other, is a sigmoid of twice one.
  const way = item.find('multi_class')?.scalar() ?? 'auto'
  const factor = scores === 1 && way === 'multinomial' ? 2 : 1
  return {
    estimator: 'logistic_regression',
    spec: {
      kind: 'linear',
      features,
      coefficients: coefficients.map((own) => own * factor),
      intercepts: intercepts.map((own) => own * factor),
      means: new Float64Array(features),
      link: scores === 1 ? 'logit' : isOneVsRest(item, way) ? 'one_vs_rest' : 'softmax',
    },
    features,
    classes,
    acceptsMissing: false,
    params: { objective: classNameOf(item) },
  }
}

/**
 * Whether more than two classes have a sigmoid each, divided by their sum. It is the solver that says so unless
 * `multi_class` does, whose default is `auto` up to 1.4 and `deprecated` from 1.5 on.
 * Rule: scikit-learn `LogisticRegression.predict_proba`.
 */
function isOneVsRest(item: Item, way: unknown): boolean {
  if (way === 'ovr') return true
  if (way !== 'auto' && way !== 'deprecated') return false
  const solver = item.find('solver')?.scalar()
  if (solver !== 'newton-cholesky') return solver === 'liblinear'
  // It has a softmax of its own from 1.6 on.
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(versionOf(item) ?? '') ?? []
  if (minor === undefined)
    throw notRead(item, 'with solver="newton-cholesky" is not read without its version')
  return Number(major) === 1 && Number(minor) < 6
}
