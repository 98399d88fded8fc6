/** Arithmetic with one constant on numbers in double precision: the steps of scalers. */
import type { AnyTransformer } from '../../preprocess/index.ts'
import { unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'
import { behind, type Operands, type Sources } from './operands.ts'

type Chain = readonly AnyTransformer[]

/** Every operator by its name; one that goes on with what the last began is put into it. */
export const arithmetic = {
  Sub: (node: OnnxNode, given: Operands) =>
    move(node, given, (mean, chain) => [...chain, { kind: 'standard_scaler', mean, scale: 1 }]),
  Div: (node: OnnxNode, given: Operands) =>
    move(node, given, (scale, chain) => {
      if (!(scale > 0)) throw unsupported(`${node.where} divides by ${scale}, which is not read`)
      const last = chain.at(-1)
      if (last?.kind === 'standard_scaler' && last.scale === 1)
        return [...chain.slice(0, -1), { ...last, scale }]
      return [...chain, { kind: 'standard_scaler', mean: 0, scale }]
    }),
  Mul: (node: OnnxNode, given: Operands) =>
    move(node, given, (scale, chain) => [...chain, { kind: 'min_max_scaler', scale, offset: 0 }]),
  Add: (node: OnnxNode, given: Operands) =>
    move(node, given, (offset, chain) => {
      const last = chain.at(-1)
      if (last?.kind === 'min_max_scaler' && last.offset === 0 && !last.clip)
        return [...chain.slice(0, -1), { ...last, offset }]
      return [...chain, { kind: 'min_max_scaler', scale: 1, offset }]
    }),
  Clip: (node: OnnxNode, given: Operands) =>
    move(node, given, (low, chain) => {
      const [high] = given.constant(2)
      if (!(high !== undefined && Number.isFinite(high)))
        throw unsupported(`${node.where} with one end is not read`)
      const last = chain.at(-1)
      const clip = [low, high] as const
      if (last?.kind === 'min_max_scaler' && !last.clip)
        return [...chain.slice(0, -1), { ...last, clip }]
      return [...chain, { kind: 'min_max_scaler', scale: 1, offset: 0, clip }]
    }),
}

function move(
  node: OnnxNode,
  { sources, constant, isDouble }: Operands,
  extend: (value: number, chain: Chain) => Chain,
): Sources {
  const [value, ...more] = constant(1)
  if (value === undefined || more.length > 0 || !Number.isFinite(value))
    throw unsupported(`${node.where} with anything but one finite number is not read`)
  return sources(0).map((source) => {
    if (source.isLevel) throw behind(node)
    if (!isDouble(source))
      throw unsupported(`${node.where} on numbers in single precision is not read`)
    return { ...source, chain: extend(value, source.chain) }
  })
}
