/** Parquet's hybrid of runs and packed bits, which levels and positions in a dictionary are written in. */

/** Numbers, and the position behind them. */
export interface HybridNumbers {
  readonly numbers: Uint32Array
  readonly next: number
}

/**
 * Returns so many numbers.
 * @param width bits of a number, 0 to 32
 * @throws RangeError for a width or a run that cannot be, and where the bytes end too early
 */
export function readHybrid(
  bytes: DataView,
  from: number,
  width: number,
  count: number,
): HybridNumbers {
  if (width > 32) throw new RangeError('numbers of more than 32 bits')
  const numbers = new Uint32Array(count)
  let at = from
  for (let done = 0; done < count; ) {
    let head = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.getUint8(at++)
      head += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
      if (shift > 28) throw new RangeError('a number of too many bytes')
    }
    const left = count - done
    if (head % 2 === 0) {
      const run = head / 2
      if (run < 1 || run > left) throw new RangeError('a run that cannot be')
      let value = 0
      for (let i = 0; i < width; i += 8) value += bytes.getUint8(at++) * 2 ** i
      numbers.fill(value, done, done + run)
      done += run
      continue
    }
    const groups = (head - 1) / 2
    if (groups < 1) throw new RangeError('a run that cannot be')
    const run = Math.min(left, groups * 8)
    for (let i = 0; i < run; i++) numbers[done + i] = readBits(bytes, at, i * width, width)
    at += groups * width
    done += run
  }
  return { numbers, next: at }
}

/** Returns a number of so many bits, the lowest first. */
function readBits(bytes: DataView, from: number, bit: number, width: number): number {
  let value = 0
  for (let done = 0; done < width; ) {
    const at = bit + done
    const low = at & 7
    const some = Math.min(8 - low, width - done)
    const own = (bytes.getUint8(from + (at >> 3)) >> low) & (2 ** some - 1)
    value += own * 2 ** done
    done += some
  }
  return value
}
