/** Options that name a class, as people read it or as data have it: either may be asked for. */
import type { ArtifactParts } from '../../artifact/artifact.ts'
import { classLabel } from '../../data/readable.ts'

/** Options of explanations whose value is a class. */
const OF_CLASSES: readonly string[] = ['output', 'counterfactual']

/** Returns options in which readable names of classes are the model's own; what is a name of its own stays one. */
export function withOwnNames<T>(
  options: readonly (readonly [string, T])[],
  { labels, plan, classes }: Pick<ArtifactParts, 'labels' | 'plan' | 'classes'>,
): readonly (readonly [string, T | string])[] {
  if (!labels) return options
  return options.map(([name, value]) => {
    if (!OF_CLASSES.includes(name) || classes.some((own) => own === value)) return [name, value]
    const own = classes.find((known) => classLabel(labels, plan.target, known) === value)
    return [name, own ?? value]
  })
}
