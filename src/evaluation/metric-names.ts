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

/** What the metrics are called in tables. */
export const metricTitles: Readonly<Record<MetricName, string>> = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balanced accuracy',
  roc_auc: 'ROC AUC',
  pr_auc: 'PR AUC',
  log_loss: 'log loss',
  precision: 'precision',
  recall: 'recall',
  f1: 'F1',
  brier: 'Brier',
}

/** Whether smaller is better. */
export function isLoss(name: MetricName): boolean {
  return name === 'log_loss' || name === 'brier'
}
