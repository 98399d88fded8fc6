/** Texts cut to the room that they have, so that they can still be told apart. */

/** Where … stands in a text that is cut. */
export type CutAt = 'end' | 'middle'

/**
 * Returns texts that are cut at their end, but in the middle where what is left of one begins another one, too.
 * @param cut returns a text cut at a place, or as it is where it fits; with its number
 */
export function cutApart(
  texts: readonly string[],
  cut: (text: string, at: CutAt, index: number) => string,
): string[] {
  return texts.map((text, i) => {
    const shown = cut(text, 'end', i)
    if (shown === text) return text
    const kept = shown.slice(0, shown.lastIndexOf('…'))
    const isTaken = texts.some((other) => other !== text && other.startsWith(kept))
    return isTaken ? cut(text, 'middle', i) : shown
  })
}

/** How texts are measured and cut: in pixels of a font, or in cells of a terminal. */
export interface Cutter {
  widthOf(text: string): number
  /** Returns a text that is no wider, with … in the place of what had to go. */
  cut(text: string, width: number, at: CutAt): string
  /** Room that a value has at least, and a name. */
  readonly least: { readonly value: number; readonly name: number }
}

/**
 * Returns texts `column = value` that take no more room than they have: names are cut before values, so that both are seen,
 * and so that names can be told apart.
 */
export function cutNamedCells(
  texts: readonly string[],
  roomOf: (index: number) => number,
  { widthOf, cut, least }: Cutter,
): string[] {
  const parts = texts.map((text, i) => {
    const room = roomOf(i)
    const at = text.indexOf(' = ')
    const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
    if (widthOf(text) <= room) return { name, value, room }
    const shown = cut(value, Math.max(least.value, room / 2), 'end')
    return { name, value: shown, room: Math.max(least.name, room - widthOf(shown)) }
  })
  const names = cutApart(
    parts.map(({ name }) => name),
    (name, at, i) => cut(name, parts[i]!.room, at),
  )
  return names.map((name, i) => `${name}${parts[i]!.value}`)
}
