/** Texts that are not UTF-8, as UTF-8. */

import { InputError, quote } from '../../errors.ts'

/** What files of Windows programs are mostly written in, where it is not UTF-8. */
const WINDOWS = 'windows-1252'

/** What may help against bytes that are not UTF-8. */
export const ENCODING_HINT = `files of Excel on Windows are mostly ${WINDOWS}: add --encoding ${WINDOWS}`

/** Share of zero bytes at one of two places that makes a text UTF-16: ASCII has one in every character. */
const ZEROS = 0.1

/** Returns the name of an encoding as the Encoding Standard has it; throws InputError `invalid_option`. */
export function readEncoding(flag: string, label: string): string {
  try {
    return new TextDecoder(
      /^cp125\d$/i.test(label) ? label.slice(2).padStart(12, 'windows-') : label,
    ).encoding
  } catch {
    throw new InputError(
      'invalid_option',
      `${flag} is ${quote(label)}, which is no encoding; windows-1252, utf-16le, utf-8, iso-8859-2, shift_jis and others are`,
    )
  }
}

/** Returns the encoding that the beginning of a text shows: UTF-16 by its mark or its zero bytes, otherwise UTF-8. */
export function detectEncoding(start: Uint8Array): string {
  const [a, b] = start
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  const zeros = [0, 0]
  const length = start.length & ~1
  for (let i = 0; i < length; i++) if (start[i] === 0) zeros[i & 1]!++
  const most = (length / 2) * ZEROS
  if (zeros[1]! > most && zeros[0] === 0) return 'utf-16le'
  if (zeros[0]! > most && zeros[1] === 0) return 'utf-16be'
  return 'utf-8'
}

/**
 * Returns the pieces of a text in UTF-8.
 * @throws InputError `invalid_file` for bytes that the encoding has no character for
 */
export async function* toUtf8(
  pieces: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const encoder = new TextEncoder()
  const decode = (piece?: Uint8Array) => {
    try {
      return encoder.encode(piece ? decoder.decode(piece, { stream: true }) : decoder.decode())
    } catch {
      throw new InputError('invalid_file', `the text is not ${encoding}`)
    }
  }
  for await (const piece of pieces) yield decode(piece)
  yield decode()
}

/** Returns pieces of a text without its first lines, which end in LF, CR LF or CR. */
export async function* withoutLines(
  pieces: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array> {
  let left = count
  let isAfterReturn = false
  for await (const piece of pieces) {
    let at = 0
    while (at < piece.length && (left > 0 || isAfterReturn)) {
      const byte = piece[at]!
      const isPair = isAfterReturn && byte === 0x0a
      isAfterReturn = byte === 0x0d
      if (!isPair && left === 0) {
        isAfterReturn = false
        break
      }
      if (!isPair && (byte === 0x0a || byte === 0x0d)) left--
      at++
    }
    if (at < piece.length) yield piece.subarray(at)
  }
}
