/** LogisticRegression and LogisticRegressionCV. */
import { invalid } from '../imported-model.ts'
import { classesOf, classNameOf, type Fitted } from './fitted.ts'
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
  // Attributes of versions before 1.8. A softmax over two scores, one the negative of the other, is a sigmoid of twice one.
  const way = item.find('multi_class')?.scalar() ?? 'auto'
  const isRest = way === 'ovr' || (way === 'auto' && item.find('solver')?.scalar() === 'liblinear')
  const factor = scores === 1 && way === 'multinomial' ? 2 : 1
  return {
    estimator: 'logistic_regression',
    spec: {
      kind: 'linear',
      features,
      coefficients: coefficients.map((own) => own * factor),
      intercepts: intercepts.map((own) => own * factor),
      means: new Float64Array(features),
      link: scores === 1 ? 'logit' : isRest ? 'one_vs_rest' : 'softmax',
    },
    features,
    classes,
    acceptsMissing: false,
    params: { objective: classNameOf(item) },
  }
}
