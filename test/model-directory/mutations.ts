/** Files of a model with some of their numbers, members or bytes changed, as whoever forges one may. */
import type { Random } from '../../src/data/random.ts'
import { type Json, toBytes } from './model-files.ts'

const hostileDoubles = [Number.NaN, 1 / 0, -1 / 0, 1e308, -1e308, 5e-324, -0, 0, -1, 1e-300, 0.5]
const hostileIntegers = [-1, -2, 0, 1, 2, 7, 255, 256, 2 ** 31 - 1, -(2 ** 31), 0x7ff00000]
const hostileValues: unknown[] = [
  ...[null, true, -1, 0, 0.5, 3, 2 ** 53, 1e308, -1e308, '', 'a', '__proto__', '(', 'number'],
  ...[[], [[]], {}, { toString: 1, valueOf: 1 }, { kind: 'standard_scaler', mean: 0, scale: 1 }],
  '@1e999@',
]

/** Returns one of several items. */
export const pick = <T>(items: readonly T[], random: Random) =>
  items[random.below(items.length)] as T

/** Returns a safetensors file with some of its numbers or a character of its header changed. */
export function mutateTensors(original: Uint8Array, random: Random): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const body = 8 + Number(view.getBigUint64(0, true))
  for (let change = random.below(3); change >= 0; change--) {
    const kind = random.below(8)
    const inBody = body + random.below(bytes.length - body)
    if (kind === 0) bytes[random.below(body)] = pick([...Buffer.from('0123456789-[],"FI')], random)
    else if (kind < 3) bytes[inBody] = (bytes[inBody] as number) ^ (1 << random.below(8))
    else if (kind < 6) {
      const at = body + 8 * random.below((bytes.length - body) >> 3)
      view.setFloat64(at, pick(hostileDoubles, random), true)
    } else {
      const at = body + 4 * random.below((bytes.length - body) >> 2)
      view.setInt32(at, pick(hostileIntegers, random), true)
    }
  }
  return bytes
}

/** Returns a JSON file with one of its values replaced, removed, repeated or exchanged for another. */
export function mutateJson(original: Uint8Array, random: Random): Uint8Array {
  const root = JSON.parse(Buffer.from(original).toString()) as Json
  const slots: { parent: Json; key: string }[] = []
  const visit = (parent: Json) => {
    for (const [key, value] of Object.entries(parent)) {
      slots.push({ parent, key })
      if (value !== null && typeof value === 'object') visit(value as Json)
    }
  }
  visit(root)
  const { parent, key } = pick(slots, random)
  const kind = random.below(8)
  if (kind === 0) delete parent[key]
  else if (kind === 1 && Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]))
  else if (kind === 2 && Array.isArray(parent)) parent.splice(Number(key), 1)
  else if (kind === 3) {
    const other = pick(slots, random)
    parent[key] = structuredClone(other.parent[other.key])
  } else parent[key] = pick(hostileValues, random)
  return toBytes(JSON.stringify(root).replaceAll('"@1e999@"', '1e999'))
}
