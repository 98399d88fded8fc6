/** Nodes waiting to be split, the one with the largest gain first; of equal ones the lower number. */
export interface NodeHeap<T> {
  push(entry: T): void
  /** Takes the first entry out; undefined when there is none. */
  pop(): T | undefined
}

/** Returns an empty binary heap. */
export function createNodeHeap<
  T extends { readonly gain: number; readonly node: number },
>(): NodeHeap<T> {
  const entries: T[] = []
  const isBefore = (a: T, b: T) => a.gain > b.gain || (a.gain === b.gain && a.node < b.node)
  return {
    push(entry) {
      let at = entries.length
      entries.push(entry)
      while (at > 0) {
        const parent = (at - 1) >> 1
        const above = entries[parent] as T
        if (!isBefore(entry, above)) break
        entries[at] = above
        at = parent
      }
      entries[at] = entry
    },
    pop() {
      const first = entries[0]
      const last = entries.pop()
      if (first === undefined || last === undefined || entries.length === 0) return first
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= entries.length) break
        if (child + 1 < entries.length && isBefore(entries[child + 1] as T, entries[child] as T))
          child++
        if (!isBefore(entries[child] as T, last)) break
        entries[at] = entries[child] as T
        at = child
      }
      entries[at] = last
      return first
    },
  }
}
