/** Weights of classes and rows, with the meaning of scikit-learn. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { ParamSpec } from './params.ts'

/** The parameter `class_weight` of estimators that take it. */
export const classWeightParam = {
  type: 'class_weight',
  choices: ['none', 'balanced'],
  default: 'none',
  description:
    'weight of the classes; balanced: rows / (classes · rows of the class); an object names classes, others weigh 1',
} as const satisfies ParamSpec

/**
 * Returns the weight of every class as scikit-learn's compute_class_weight does; length = classes.
 * @param classWeight the parsed parameter: `none`, `balanced` or the JSON text of an object
 * @param y class number of every row that counts; with `counts`, how often it counts
 * @throws InputError `invalid_parameter` for a class that there is not
 */
export function classWeights(
  classWeight: string,
  y: Int32Array,
  classNames: readonly string[],
  counts?: ArrayLike<number>,
): Float64Array {
  const weights = new Float64Array(classNames.length).fill(1)
  if (classWeight === 'none') return weights
  if (classWeight === 'balanced') {
    const perClass = new Float64Array(classNames.length)
    let total = 0
    for (let row = 0; row < y.length; row++) {
      const count = counts ? counts[row]! : 1
      perClass[y[row]!] = perClass[y[row]!]! + count
      total += count
    }
    const present = perClass.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0)
    return perClass.map((count) => (count > 0 ? total / (present * count) : 1))
  }
  for (const [name, weight] of Object.entries(JSON.parse(classWeight) as Record<string, number>)) {
    const label = classNames.indexOf(name)
    if (label < 0) {
      throw new InputError(
        'invalid_parameter',
        `class_weight names class ${quote(name)}, there are ${listNames(classNames)}${didYouMean(name, classNames)}`,
      )
    }
    weights[label] = weight
  }
  return weights
}

/**
 * Returns every row's weight: sample weight · class weight; undefined when all weigh 1.
 */
export function rowWeights(
  y: Int32Array,
  perClass: Float64Array,
  sampleWeight?: Float64Array,
): Float64Array | undefined {
  if (!sampleWeight && perClass.every((weight) => weight === 1)) return undefined
  // Float64Array.from with a function takes many times as long as a loop.
  const weights = new Float64Array(y.length)
  for (let row = 0; row < y.length; row++) {
    const own = sampleWeight ? sampleWeight[row]! : 1
    weights[row] = perClass[y[row]!]! * own
  }
  return weights
}

/** Squares of sums beyond these are no numbers of full precision. */
const LEAST_TOTAL = 1e-150
const MOST_TOTAL = 1e150

/**
 * Returns `rowWeights`, of which a tree's impurities can be computed.
 * @throws InputError `invalid_parameter` when they add up to nothing, or to a number too large or too small to square
 */
export function treeWeights(
  y: Int32Array,
  perClass: Float64Array,
  sampleWeight?: Float64Array,
): Float64Array | undefined {
  const weights = rowWeights(y, perClass, sampleWeight)
  if (!weights) return undefined
  let total = 0
  for (const weight of weights) total += weight
  if (total >= LEAST_TOTAL && total <= MOST_TOTAL) return weights
  throw new InputError(
    'invalid_parameter',
    `the rows' weights add up to ${total}, expected from ${LEAST_TOTAL} to ${MOST_TOTAL}; change class_weight or the weights`,
  )
}
