/** The different texts of a column as bytes in one buffer: a code costs no string and little memory. */

const START_SLOTS = 64

/** Gives every different text a number, in order of first appearance. */
export interface TextDictionary {
  readonly size: number
  /** Bytes of memory that it takes. */
  readonly memory: number
  /** Returns the code of the text, a new one if it has not been seen. */
  codeOf(bytes: Uint8Array, start: number, end: number): number
  /** Returns the texts by their codes. */
  texts(): string[]
}

/** Returns an empty dictionary: a hash table with open addressing over one buffer of UTF-8. */
export function createTextDictionary(): TextDictionary {
  let slots = new Int32Array(START_SLOTS).fill(-1)
  let hashes = new Int32Array(START_SLOTS / 2)
  let offsets = new Int32Array(START_SLOTS / 2 + 1)
  let store = new Uint8Array(1024)
  let size = 0

  const append = (bytes: Uint8Array, start: number, end: number, hash: number) => {
    const from = offsets[size]!
    const to = from + end - start
    if (to > store.length) store = enlarge(store, new Uint8Array(Math.max(to, store.length * 2)))
    for (let i = start; i < end; i++) store[from + i - start] = bytes[i]!
    if (size === hashes.length) {
      hashes = enlarge(hashes, new Int32Array(size * 2))
      offsets = enlarge(offsets, new Int32Array(size * 2 + 1))
    }
    hashes[size] = hash
    offsets[size + 1] = to
    size++
  }
  const rehash = () => {
    slots = new Int32Array(slots.length * 2).fill(-1)
    for (let code = 0; code < size; code++) {
      let slot = slotOf(hashes[code]!, slots.length)
      while (slots[slot]! >= 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = code
    }
  }
  const isText = (code: number, bytes: Uint8Array, start: number, end: number) => {
    const from = offsets[code]!
    if (offsets[code + 1]! - from !== end - start) return false
    for (let i = start; i < end; i++) if (store[from + i - start] !== bytes[i]) return false
    return true
  }
  return {
    get size() {
      return size
    },
    get memory() {
      return store.length + 4 * (slots.length + hashes.length + offsets.length)
    },
    codeOf(bytes, start, end) {
      const hash = hashOf(bytes, start, end)
      let slot = slotOf(hash, slots.length)
      for (;;) {
        const code = slots[slot]!
        if (code < 0) break
        if (hashes[code] === hash && isText(code, bytes, start, end)) return code
        slot = (slot + 1) & (slots.length - 1)
      }
      slots[slot] = size
      append(bytes, start, end, hash)
      if (size * 2 > slots.length) rehash()
      return size - 1
    },
    texts() {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return Array.from({ length: size }, (_, code) =>
        decoder.decode(store.subarray(offsets[code], offsets[code + 1])),
      )
    },
  }
}

/** FNV-1a of 32 bits (Fowler, Noll and Vo). */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash
}

/** Spreads a hash over slots, a power of two: its high bits are the better ones. */
function slotOf(hash: number, slots: number): number {
  return (hash ^ (hash >>> 15)) & (slots - 1)
}

function enlarge<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
