/** Arithmetic with constants on numbers: the steps of scalers. */
import type { AnyTransformer } from '../../preprocess/index.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'
import { broadcast, type Chain, type Operands, type Sources } from './operands.ts'

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
  Clip: clip,
}

/** Appends the step of an operator with one constant. */
function move(
  node: OnnxNode,
  { sources, constant, isDouble }: Operands,
  { double, single }: Step,
): Sources {
  return broadcast(node, sources(0), [constant(1)], (source, value) => {
    if (isDouble(source)) return double(value!, source.chain)
    if (!single) throw inSingle(node)
    return [...source.chain, single(value!)]
  })
}

/** Both ends of Clip are scalars: they are not spread over the features. */
function clip(node: OnnxNode, { sources, constant, isDouble }: Operands): Sources {
  const ends = [constant(1), constant(2)]
  for (const [at, { length }] of ends.entries())
    if (length !== 1)
      throw invalid(
        `${node.where} has ${length} numbers as its ${['minimum', 'maximum'][at]}, not one`,
      )
  if (!ends.every(([end]) => Number.isFinite(end)))
    throw unsupported(`${node.where} with one end is not read`)
  return broadcast(node, sources(0), ends, (source, low, high) => {
    if (!isDouble(source)) throw inSingle(node)
    const { chain } = source
    const last = chain.at(-1)
    const clip = [low!, high!] as const
    if (last?.kind === 'min_max_scaler' && !last.clip)
      return [...chain.slice(0, -1), { ...last, clip }]
    return [...chain, { kind: 'min_max_scaler', scale: 1, offset: 0, clip }]
  })
}

function inSingle(node: OnnxNode) {
  return unsupported(`${node.where} on numbers in single precision is not read`)
}
