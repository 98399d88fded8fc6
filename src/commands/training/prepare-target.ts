/** The target as it is asked for: classes of a numeric one, spellings merged, texts that stand for no label; in every table. */
import type { DataFrame } from '../../data/frame.ts'
import { normalText } from '../../data/text.ts'
import { quote } from '../../errors.ts'
import { applyTargetBins, fitTargetBins } from '../../preprocess/target-bins.ts'
import { applyTargetTexts, readTargetTexts } from '../../preprocess/target-texts.ts'
import { targetOf } from './choose-plan.ts'
import type { TrainingData } from './read-data.ts'
import type { TrainRequest } from './train-request.ts'

/**
 * Returns the tables with the target as it is asked for, lines that say what was done, and the columns that are still to
 * be merged.
 * @throws InputError where the target has nothing to merge, or nothing to make classes of
 */
export function prepareTarget(request: TrainRequest, data: TrainingData) {
  const { bins, written, merge } = request
  const missing = written?.treatAsMissing ?? []
  const isNothing = bins === undefined && missing.length === 0 && merge === undefined
  if (isNothing || data.training.table.length === 0) return { data, notes: [], merge }
  const { table } = data.training
  const target = targetOf(request, table)
  const isTarget = (name: string) => normalText(name) === target
  const said = { missing, merge: merge?.some(isTarget) === true }
  const texts = table.names.includes(target) ? readTargetTexts(table, target, said) : undefined
  const shown = [...(texts?.merge ?? [])]
    .slice(0, 6)
    .map(([from, to]) => `${quote(from)} is ${quote(to)}`)
  const read = texts ? applyToAll(data, (own) => applyTargetTexts(own, texts)) : data
  return {
    data: bins === undefined ? read : binTarget(read, target, bins),
    notes: shown.length === 0 ? [] : [`merged    ${target}   ${shown.join(', ')}`],
    merge: merge?.filter((name) => !isTarget(name)),
  }
}

/** Makes classes between the quantiles of the training table, everywhere. */
function binTarget(data: TrainingData, target: string, count: number): TrainingData {
  const bins = fitTargetBins(data.training.table, target, count)
  return applyToAll(data, (table) => applyTargetBins(table, bins))
}

function applyToAll(data: TrainingData, change: (table: DataFrame) => DataFrame): TrainingData {
  return {
    ...data,
    training: { ...data.training, table: change(data.training.table) },
    channels: new Map([...data.channels].map(([name, table]) => [name, change(table)])),
  }
}
