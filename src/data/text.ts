/** Texts that look the same are the same: categories and column names in their normal form. */

/** Characters without a width, which no eye sees. */
const INVISIBLE = /[\u200b-\u200d\u2060\ufeff]/g
/** Blanks of any width, also those that do not break a line. */
const WIDE_BLANK = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g

/** Whether a text has nothing but ASCII characters. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/**
 * Returns the normal form of a text: composed (NFC), every blank a space, without characters that have no width and
 * without blanks around. ASCII is normal but for the blanks around it, which readers have cut.
 */
export function normalText(text: string): string {
  if (isAscii(text)) return text
  return text.replace(INVISIBLE, '').normalize('NFC').replace(WIDE_BLANK, ' ').trim()
}

/** Letters of other alphabets that look like a Latin one, and that one. */
const twins = new Map(
  [
    ...'аa еe оo рp сc уy хx іi јj ѕs ԁd һh ӏl'.split(' '),
    ...'αa οo ρp νv υu ιi κk'.split(' '),
  ].map((pair) => [pair[0], pair[1]] as const),
)

/**
 * Returns what texts that are easily taken for each other have in common: they differ in case, in blanks and
 * underscores, in compatibility forms of Unicode (NFKC), or in letters of another alphabet.
 */
export function outlineOf(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_]+/g, ' ')
    .trim()
  return isAscii(plain)
    ? plain
    : Array.from(plain, (letter) => twins.get(letter) ?? letter).join('')
}
