/** The hybrid of runs and packed bits: what any writer may choose is read, what cannot be is refused. */
import fc from 'fast-check'
import t from 'tap'
import { readHybrid } from '../../../src/tables/formats/parquet-hybrid.ts'

/** A run of one number, or eight packed ones at a time. */
type Part =
  | { readonly run: number; readonly value: number }
  | { readonly packed: readonly number[] }

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left]
    bytes.push((left % 128) + 128)
  }
}

function write(parts: readonly Part[], width: number): DataView {
  const bytes: number[] = []
  for (const part of parts) {
    if ('run' in part) {
      bytes.push(...varint(part.run * 2))
      for (let i = 0; i < width; i += 8) bytes.push(Math.floor(part.value / 2 ** i) % 256)
      continue
    }
    bytes.push(...varint((part.packed.length / 8) * 2 + 1))
    const bits = part.packed.flatMap((value) =>
      Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** i) % 2),
    )
    for (let i = 0; i < bits.length; i += 8)
      bytes.push(bits.slice(i, i + 8).reduce((sum, bit, k) => sum + bit * 2 ** k, 0))
  }
  return new DataView(Uint8Array.from([0xff, ...bytes]).buffer)
}

const written = fc.nat({ max: 32 }).chain((width) => {
  const value = fc.nat({ max: 2 ** Math.min(31, width) - 1 })
  const run = fc.record({ run: fc.integer({ min: 1, max: 300 }), value })
  const packed = fc
    .integer({ min: 1, max: 4 })
    .chain((groups) => fc.array(value, { minLength: groups * 8, maxLength: groups * 8 }))
    .map((packed) => ({ packed }))
  return fc.record({ width: fc.constant(width), parts: fc.array(fc.oneof(run, packed)) })
})

t.test('numbers come back', (t) => {
  fc.assert(
    fc.property(written, fc.nat(), ({ width, parts }, cut) => {
      const all = parts.flatMap((part) =>
        'run' in part ? Array.from({ length: part.run }, () => part.value) : part.packed,
      )
      const view = write(parts, width)
      const whole = readHybrid(view, 1, width, all.length)
      t.strictSame([...whole.numbers], all)
      t.equal(whole.next, view.byteLength)
      // The last packed numbers need not count.
      const last = parts.at(-1)
      if (last && 'packed' in last) {
        const count = all.length - (cut % 8)
        t.strictSame([...readHybrid(view, 1, width, count).numbers], all.slice(0, count))
      }
    }),
  )
  t.end()
})

t.test('what cannot be', (t) => {
  const view = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer)
  const cases: readonly [string, DataView, number, number][] = [
    ['too wide', view(2, 0, 0, 0, 0, 0), 33, 1],
    ['a run of nothing', view(0, 1, 2, 1), 1, 1],
    ['packed bits of nothing', view(1, 3, 0), 1, 1],
    ['a run of too many', view(6, 1), 1, 2],
    ['a count of too many bytes', view(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0), 1, 1],
    ['no bytes', view(), 1, 1],
    ['bits that are cut', view(3), 8, 8],
    ['too few', view(2, 1), 1, 2],
  ]
  for (const [what, bytes, width, count] of cases)
    t.throws(() => readHybrid(bytes, 0, width, count), { name: 'RangeError' }, what)
  t.end()
})
