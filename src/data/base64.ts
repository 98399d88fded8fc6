/** Base64 as RFC 4648, section 4 has it: strict, because what is skipped or guessed would be another value. */

/** Returns the bytes of a base64 text, or undefined for a text that is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  // Asked for what must not be there: an expression over the whole of a long text would run out of stack.
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding)))
    return undefined
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
