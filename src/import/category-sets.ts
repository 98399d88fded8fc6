/** Sets of categories as libraries write them, as the bits that a node's view has. */
import type { ColumnView, ViewKind } from '../trees/views.ts'
import { invalid } from './imported-model.ts'

/** What a node sees of its feature; the codes are empty for views of numbers. */
export type NodeView = Omit<ColumnView, 'feature'>

/** Highest code of a category that is read: 2^20 bits per node. */
export const MAX_CODE = 2 ** 20 - 1

/**
 * Returns the view of a node that lists categories by their codes.
 * @throws ArtifactError `invalid` for a code that is no whole number from 0 to 2^20 - 1
 */
export function viewOfCodes(kind: ViewKind, codes: ArrayLike<number>, where: string): NodeView {
  let most = -1
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    if (!(Number.isInteger(code) && code >= 0 && code <= MAX_CODE))
      throw invalid(`${where} lists the category ${code}, expected 0 to ${MAX_CODE}`)
    most = Math.max(most, code)
  }
  const bits = new Uint8Array(most < 0 ? 0 : (most >> 3) + 1)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    bits[code >> 3] = bits[code >> 3]! | (1 << (code & 7))
  }
  return { kind, codes: bits }
}

/** Returns the bits of words of 32 as bytes, without empty ones at the end: bit b of word w is the code 32 w + b. */
export function packWords(words: Float64Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  words.forEach((word, i) => {
    for (let k = 0; k < 4; k++) bytes[4 * i + k] = (word >>> (8 * k)) & 255
  })
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length--
  return bytes.slice(0, length)
}
