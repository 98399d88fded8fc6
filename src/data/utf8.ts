import { InputError } from '../errors.ts'

/** Stateless between calls, as long as none of them streams. */
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Returns the text of UTF-8 bytes, without a byte order mark.
 * @param isStart whether they begin a text, which may be UTF-16; false for a later part of one
 * @throws InputError `invalid_utf8` naming the first wrong byte, and UTF-16 when it looks like it
 */
export function decodeUtf8(bytes: Uint8Array, isStart = true): string {
  if (isStart && isUtf16(bytes)) {
    throw new InputError('invalid_utf8', 'the text is UTF-16; save or send it as UTF-8')
  }
  try {
    return decoder.decode(bytes)
  } catch {
    throw new InputError(
      'invalid_utf8',
      `the text is not UTF-8: byte ${firstWrongByte(bytes) + 1} is wrong`,
    )
  }
}

/** Whether a byte order mark of UTF-8 stands there. */
export function hasMark(bytes: Uint8Array, at = 0): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
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

/** Checks bytes that come in pieces. */
export interface Utf8Checker {
  /**
   * The first piece has four bytes or more, or is all.
   * @throws InputError `invalid_utf8` naming the first wrong byte of all pieces, and UTF-16 when it looks like it
   */
  check(piece: Uint8Array): void
  /** @throws InputError `invalid_utf8` if the last character is not whole */
  end(): void
}

/** Returns a checker of UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
export function createUtf8Checker(): Utf8Checker {
  let checked = 0
  // Bytes that the current character still needs, and the range of the next one.
  let needed = 0
  let least = 0x80
  let most = 0xbf
  const wrong = (at: number) =>
    new InputError('invalid_utf8', `the text is not UTF-8: byte ${at} is wrong`)
  return {
    check(piece) {
      if (checked === 0 && isUtf16(piece))
        throw new InputError('invalid_utf8', 'the text is UTF-16; save or send it as UTF-8')
      for (let i = 0; i < piece.length; i++) {
        const byte = piece[i]!
        if (needed === 0) {
          if (byte < 0x80) continue
          if (byte < 0xc2 || byte > 0xf4) throw wrong(checked + i + 1)
          needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
          least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
          most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
        } else {
          if (byte < least || byte > most) throw wrong(checked + i + 1)
          needed--
          least = 0x80
          most = 0xbf
        }
      }
      checked += piece.length
    },
    end() {
      if (needed > 0) throw wrong(checked)
    },
  }
}
