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
