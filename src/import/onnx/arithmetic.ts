/** Arithmetic with constants on numbers: the steps of scalers. */
import type { AnyTransformer } from '../../preprocess/index.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'
import { behind, type Operands, type Sources } from './operands.ts'

type Chain = readonly AnyTransformer[]

/** What an operator with a number makes of a feature in double precision; in single precision, where it is read there. */
interface Step {
  readonly double: (value: number, chain: Chain) => Chain
  readonly single?: (value: number) => AnyTransformer
}

/** Every operator by its name; one that goes on with what the last began is put into it. */
export const arithmetic = {
  Sub: (node: OnnxNode, given: Operands) =>
    move(node, given, {
      double: (mean, chain) => [...chain, { kind: 'standard_scaler', mean, scale: 1 }],
      single: (offset) => ({ kind: 'single_precision', offset, scale: 1 }),
    }),
  Div: (node: OnnxNode, given: Operands) =>
    move(node, given, {
      double(scale, chain) {
        if (!(scale > 0)) throw unsupported(`${node.where} divides by ${scale}, which is not read`)
        const last = chain.at(-1)
        if (last?.kind === 'standard_scaler' && last.scale === 1)
          return [...chain.slice(0, -1), { ...last, scale }]
        return [...chain, { kind: 'standard_scaler', mean: 0, scale }]
      },
    }),
  Mul: (node: OnnxNode, given: Operands) =>
    move(node, given, {
      double: (scale, chain) => [...chain, { kind: 'min_max_scaler', scale, offset: 0 }],
      single: (scale) => ({ kind: 'single_precision', offset: 0, scale }),
    }),
  Add: (node: OnnxNode, given: Operands) =>
    move(node, given, {
      double(offset, chain) {
        const last = chain.at(-1)
        if (last?.kind === 'min_max_scaler' && last.offset === 0 && !last.clip)
          return [...chain.slice(0, -1), { ...last, offset }]
        return [...chain, { kind: 'min_max_scaler', scale: 1, offset }]
      },
      single: (offset) => ({ kind: 'single_precision', offset: -offset, scale: 1 }),
    }),
  Clip: (node: OnnxNode, given: Operands) =>
    move(node, given, {
      double(low, chain) {
        const [high] = given.constant(2)
        if (!(high !== undefined && Number.isFinite(high)))
          throw unsupported(`${node.where} with one end is not read`)
        const last = chain.at(-1)
        const clip = [low, high] as const
        if (last?.kind === 'min_max_scaler' && !last.clip)
          return [...chain.slice(0, -1), { ...last, clip }]
        return [...chain, { kind: 'min_max_scaler', scale: 1, offset: 0, clip }]
      },
    }),
}

/** Constants are one for all features, or one for each. */
function move(
  node: OnnxNode,
  { sources, constant, isDouble }: Operands,
  { double, single }: Step,
): Sources {
  const values = constant(1)
  const given = sources(0)
  if (values.length !== 1 && values.length !== given.length)
    throw invalid(`${node.where} has ${values.length} numbers for ${given.length} features`)
  return given.map((source, j) => {
    const value = values[values.length === 1 ? 0 : j]!
    if (!Number.isFinite(value))
      throw unsupported(`${node.where} with a number that is not finite is not read`)
    if (source.isLevel) throw behind(node)
    if (isDouble(source)) return { ...source, chain: double(value, source.chain) }
    if (!single) throw unsupported(`${node.where} on numbers in single precision is not read`)
    return { ...source, chain: [...source.chain, single(value)] }
  })
}
