/** What a LightGBM objective makes of raw scores. Fields: microsoft/LightGBM `src/objective/*.hpp`. */
import type { Link } from '../../models/model.ts'
import { invalid, MAX_CLASSES, unsupported } from '../imported-model.ts'
import type { Block } from './text-blocks.ts'

export interface Objective {
  readonly name: string
  readonly link: Extract<Link, 'logit' | 'softmax' | 'sigmoid_each'>
  /** Log-odds are this times the raw score. */
  readonly scale: number
  readonly classes: number
}

/** Links of the objectives that give class probabilities; which settings each has. */
const LINKS: Readonly<Record<string, { link: Objective['link']; settings: readonly string[] }>> = {
  binary: { link: 'logit', settings: ['sigmoid'] },
  cross_entropy: { link: 'logit', settings: [] },
  multiclass: { link: 'softmax', settings: ['num_class'] },
  multiclassova: { link: 'sigmoid_each', settings: ['num_class', 'sigmoid'] },
}

/** @throws ArtifactError `foreign` for an objective without class probabilities, or for none */
export function readObjective(header: Block): Objective {
  const [name = '', ...rest] = (header.has('objective') ? header.text('objective') : '').split(' ')
  if (name === '' || name === 'none' || name === 'custom')
    throw unsupported('the file names no objective; it was trained with a function of its own')
  const known = Object.hasOwn(LINKS, name) ? LINKS[name] : undefined
  if (!known) {
    const shown = /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))
    throw unsupported(
      `objective ${shown} gives no class probabilities; shapserve serves classifiers`,
    )
  }
  const values = new Map<string, number>()
  for (const setting of rest) {
    const [key = '', text = ''] = setting.split(':')
    // Words without a value, such as is_unbalance, are of the training only.
    if (known.settings.includes(key)) values.set(key, text === '' ? Number.NaN : Number(text))
  }
  const scale = values.get('sigmoid') ?? 1
  if (!(scale > 0 && Number.isFinite(scale)))
    throw invalid(`objective ${name} has the sigmoid ${scale}`)
  const classes = known.link === 'logit' ? 2 : (values.get('num_class') ?? Number.NaN)
  if (!(Number.isInteger(classes) && classes >= 2 && classes <= MAX_CLASSES))
    throw invalid(`objective ${name} has ${classes} classes`)
  return { name, link: known.link, scale, classes }
}
