/** The metrics of one number, by their names in files, in their order in tables. */
export const metricNames = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balancedAccuracy',
  roc_auc: 'rocAuc',
  pr_auc: 'prAuc',
  log_loss: 'logLoss',
  precision: 'precision',
  recall: 'recall',
  f1: 'f1',
  brier: 'brier',
} as const

/** A metric of one number, as files and flags name it. */
export type MetricName = keyof typeof metricNames

/** Whether smaller is better. */
export function isLoss(name: MetricName): boolean {
  return name === 'log_loss' || name === 'brier'
}
