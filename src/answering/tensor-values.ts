/** What a tensor's datatype and content type make of its values, alike for tensors as JSON and as bytes. */
import { decodeBase64 } from '../data/base64.ts'
import { roundFloat16 } from '../data/binary-number.ts'
import { notANumber } from '../data/number.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import {
  didYouMean,
  InputError,
  type InputErrorCode,
  type Place,
  placed,
  quote,
} from '../errors.ts'
import type { Datatype } from './binary-tensors.ts'

/** Returns a value as its tensor has it; null = missing. Throws InputError naming the place. */
type ReadValue = (value: unknown, place: Place) => unknown

/** A value that its datatype does not hold is another one than was meant: it is refused, not cut. */
const readers: Readonly<Record<Datatype, ReadValue>> = {
  // JSON has true and false, bytes have 1 and 0; servers may take one for the other.
  BOOL(value, place) {
    if (value === null || typeof value === 'boolean') return value
    if (value === 0 || value === 1) return value === 1
    throw notOf('BOOL', value, place, 'true, false, 1 or 0')
  },
  UINT8: integers('UINT8', 0n, 8n),
  UINT16: integers('UINT16', 0n, 16n),
  UINT32: integers('UINT32', 0n, 32n),
  UINT64: integers('UINT64', 0n, 64n),
  INT8: integers('INT8', 1n, 8n),
  INT16: integers('INT16', 1n, 16n),
  INT32: integers('INT32', 1n, 32n),
  INT64: integers('INT64', 1n, 64n),
  FP16: floats('FP16', roundFloat16),
  FP32: floats('FP32', Math.fround),
  FP64: floats('FP64', (value) => value),
  BYTES: (value) => value,
}

/**
 * What clients that name a content type mean by a tensor's values: these are read as they are, or decoded first.
 * Names of MLServer's codecs.
 */
const contentTypes: Readonly<Record<string, ReadValue | undefined>> = {
  str: undefined,
  np: undefined,
  datetime: undefined,
  base64: readBase64,
}

/** Content types of a whole request: how it lays out its tensors, which the shapes say themselves. */
const requestTypes = ['np', 'pd', 'str']

/**
 * Returns what reads the values of a tensor.
 * @param parameters the tensor's own
 * @param where names the tensor in messages
 * @throws InputError `invalid_option` for a content type that is not read, or not with this datatype
 */
export function valueReader(datatype: Datatype, parameters: unknown, where: string): ReadValue {
  const contentType = contentTypeOf(parameters, where, Object.keys(contentTypes))
  const decode = contentType === undefined ? undefined : contentTypes[contentType]
  if (!decode) return readers[datatype]
  if (datatype === 'BYTES') return decode
  throw new InputError(
    'invalid_option',
    `${where} has the content_type ${quote(contentType)}, which goes with BYTES, not ${datatype}`,
  )
}

/** @throws InputError `invalid_option` for a content type of a request that is not read */
export function checkRequestType(parameters: unknown): void {
  contentTypeOf(parameters, 'the request', requestTypes)
}

function contentTypeOf(
  parameters: unknown,
  where: string,
  known: readonly string[],
): string | undefined {
  const { content_type: value } = (parameters ?? {}) as { content_type?: unknown }
  if (value === undefined || value === null) return undefined
  const found = known.find((name) => name === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `${where} has the content_type ${quote(value)}, expected ${known.join(', ')}${didYouMean(String(value), known)}`,
  )
}

/** Whole numbers of so many bits, one of them a sign or none. */
function integers(datatype: Datatype, sign: bigint, bits: bigint): ReadValue {
  const most = 2n ** (bits - sign) - 1n
  const least = sign * (-most - 1n)
  // As doubles: the largest of 64 bits is read as the power of two above it.
  const [from, to] = [Number(least), Number(most)]
  return (value, place) => {
    if (value === null) return value
    if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to)
      return value
    if (typeof value === 'bigint' && value >= least && value <= most) return value
    throw notOf(datatype, value, place, `a whole number from ${least} to ${most}`)
  }
}

/** Numbers rounded as bytes would hold them, so that a row is on the same side of a threshold in either form. */
function floats(datatype: Datatype, round: (value: number) => number): ReadValue {
  return (value, place) => {
    if (value === null) return value
    if (typeof value === 'bigint') return floatOfInteger(value, round)
    if (typeof value !== 'number') throw notANumber(value, place)
    const rounded = round(value)
    if (Number.isFinite(rounded) || !Number.isFinite(value)) return rounded
    throw notOf(datatype, value, place, 'a smaller number', 'non_finite')
  }
}

/** A whole number that no double holds stays one, unless the datatype rounds it to one that a double does. */
function floatOfInteger(value: bigint, round: (value: number) => number): number | bigint {
  const rounded = round(Number(value))
  return rounded === Number(value) ? value : rounded
}

function readBase64(value: unknown, place: Place): unknown {
  if (value === null) return value
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  if (!bytes) throw refused('invalid_text', place, `${quote(value)} is not base64`)
  try {
    return decodeUtf8(bytes)
  } catch {
    throw refused('invalid_utf8', place, `the bytes of ${quote(value)} are not UTF-8`)
  }
}

function notOf(
  datatype: Datatype,
  value: unknown,
  place: Place,
  expected: string,
  code: InputErrorCode = 'invalid_number',
): InputError {
  return refused(code, place, `${quote(value)} is no ${datatype}, expected ${expected}`)
}

function refused(code: InputErrorCode, place: Place, what: string): InputError {
  return new InputError(code, placed`${place}: ${what}`)
}
