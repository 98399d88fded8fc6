import { InputError } from '../errors.ts'

/**
 * Returns the text of UTF-8 bytes, without a byte order mark.
 * @throws InputError `invalid_utf8` naming the first wrong byte, and UTF-16 when it looks like it
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (isUtf16(bytes)) {
    throw new InputError('invalid_utf8', 'the text is UTF-16; save or send it as UTF-8')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError(
      'invalid_utf8',
      `the text is not UTF-8: byte ${firstWrongByte(bytes) + 1} is wrong`,
    )
  }
}

/** A byte order mark of UTF-16, or a zero byte among the first four: ASCII in UTF-16 or UTF-32. */
function isUtf16(bytes: Uint8Array): boolean {
  const [a, b] = bytes
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true
  return bytes.length >= 2 && bytes.subarray(0, 4).includes(0)
}

/** The longest prefix that can begin a valid text, by bisection. */
function firstWrongByte(bytes: Uint8Array): number {
  let valid = 0
  let invalid = bytes.length
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true })
      valid = middle
    } catch {
      invalid = middle
    }
  }
  return valid
}
