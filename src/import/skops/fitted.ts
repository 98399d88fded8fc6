/** What a classifier of a skops file ends in, before its columns are known. */
import type { ModelSpec } from '../../models/model.ts'
import { checkNames, invalid, MAX_CLASSES, unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import type { Item } from './schema.ts'

/** A classifier over features. */
export interface Fitted {
  readonly estimator: string
  readonly spec: ModelSpec
  /** How many features it was trained on. */
  readonly features: number
  readonly classes: readonly string[]
  readonly acceptsMissing: boolean
  readonly params: Readonly<Record<string, string | number>>
  /** What the classifier itself does with its features before it looks at them. */
  prepare?(features: readonly FeatureSource[]): readonly FeatureSource[]
}

/** Returns the name of an object's class without its module. */
export function classNameOf({ type }: Item): string {
  return type.slice(type.lastIndexOf('.') + 1)
}

/** Returns the refusal of an object. */
export function notRead(item: Item, why = 'is not read') {
  const shown = /^[\w.]{1,200}$/.test(item.type)
    ? item.type
    : JSON.stringify(item.type.slice(0, 64))
  return unsupported(`${shown} ${why}`)
}

/** Names of classes as Python shows them: numbers by their digits, truth values as True and False. */
export function readClasses(item: Item): string[] {
  const where = item.where
  const found = item.cells().map((cell) => {
    if (typeof cell === 'boolean') return cell ? 'True' : 'False'
    if (cell === null) throw invalid(`${where} holds None`)
    return String(cell)
  })
  if (found.length < 2 || found.length > MAX_CLASSES)
    throw unsupported(`the model has ${found.length} classes; 2 to ${MAX_CLASSES} are read`)
  checkNames(found, where)
  return found
}

/** Returns a classifier's classes; one that predicts several targets is refused. */
export function classesOf(item: Item): string[] {
  const outputs = item.find('n_outputs_')?.number() ?? 1
  if (outputs !== 1)
    throw notRead(item, `predicts ${outputs} targets; shapserve serves classifiers of one`)
  return readClasses(item.get('classes_'))
}

/** Returns the version of scikit-learn that wrote an object, where it says so. */
export function versionOf(item: Item): string | undefined {
  const version = item.find('_sklearn_version')?.scalar()
  return typeof version === 'string' && /^[\w.+-]{1,32}$/.test(version) ? version : undefined
}
