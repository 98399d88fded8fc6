/** The positive class of two is the last: a model whose library has it first is turned round. */
import { listNames, quote } from '../errors.ts'
import type { LinearSpec, ModelSpec, TreesSpec } from '../models/model.ts'
import { badFlag } from './imported-model.ts'

/** Returns the model with that class last, itself where it is or where none is named. */
export function putClassLast(
  spec: ModelSpec,
  classes: readonly string[],
  positive: string | undefined,
): { spec: ModelSpec; classes: readonly string[] } {
  if (positive === undefined) return { spec, classes }
  const at = classes.indexOf(positive)
  if (at < 0)
    throw badFlag(`--positive-class is ${quote(positive)}, the classes are ${listNames(classes)}`)
  if (classes.length !== 2)
    throw badFlag(`--positive-class is for two classes, the model has ${classes.length}`)
  if (at === 1) return { spec, classes }
  return { spec: turn(spec), classes: [classes[1]!, positive] }
}

function turn(spec: ModelSpec): ModelSpec {
  if (spec.kind === 'linear') return negateLinear(spec)
  return spec.outputs === 1 ? negate(spec) : swap(spec)
}

/** Of two classes a linear model has one score. */
function negateLinear(spec: LinearSpec): LinearSpec {
  const negated = (values: Float64Array) => values.map((value) => 0 - value)
  return {
    ...spec,
    coefficients: negated(spec.coefficients),
    intercepts: negated(spec.intercepts),
  }
}

/** Log-odds of one class are those of the other, negated. */
function negate(spec: TreesSpec): TreesSpec {
  const negated = (values: Float64Array) => values.map((value) => 0 - value)
  return { ...spec, value: negated(spec.value), base: negated(spec.base) }
}

function swap(spec: TreesSpec): TreesSpec {
  const base = spec.base.slice().reverse()
  if (spec.output) return { ...spec, base, output: spec.output.map((own) => 1 - own) }
  return { ...spec, base, value: spec.value.map((_, i) => spec.value[i ^ 1]!) }
}
