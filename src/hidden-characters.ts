/** Characters that move a cursor, end a line, turn the direction of text or are not seen: a name may be made of them. */

/**
 * Controls, formats (with them all that turns direction), halves of pairs, characters of private use or of none, blanks
 * other than the space, and letters that are drawn as nothing.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu
/** Text that cannot have any: the usual case. */
const PLAIN = /^[\x20-\x7e]*$/

/** Returns a text in which hidden characters are escapes of JSON; all that can be read stays as it is. */
export function escapeHidden(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HIDDEN, escapeUnits)
}

/** A character beyond the basic plane is two escapes, as JSON has it. */
function escapeUnits(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++)
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return escaped
}
