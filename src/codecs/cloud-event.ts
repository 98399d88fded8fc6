/** CloudEvents in structured mode: an envelope of JSON whose data are the rows. */
import { decodeBase64 } from '../data/base64.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, quote } from '../errors.ts'
import type { DecodeContext } from './codec.ts'
import { parseJson } from './json-text.ts'

/** Attributes that every event has (CloudEvents 1.0, section 3.1). */
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const

/** Versions whose attributes mean what is read of them here. */
const VERSIONS = ['1.0', '0.3']

/** @throws InputError `invalid_shape` for an event of a version that is not read */
export function checkEventVersion(version: unknown): void {
  if (VERSIONS.some((known) => known === version)) return
  throw new InputError(
    'invalid_shape',
    `the event has the specversion ${quote(version)}, expected ${VERSIONS.join(' or ')}`,
  )
}

/**
 * Returns the data of a parsed event, and any other value as it is: an object with a key that is a column of the
 * model is a row.
 * @throws InputError `invalid_shape` for data that cannot be read
 */
export function unwrapEvent(value: unknown, { inputs }: DecodeContext): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const event = value as Readonly<Record<string, unknown>>
  const has = (key: string) => Object.hasOwn(event, key)
  const isEvent = REQUIRED.every(has) && (has('data') || has('data_base64'))
  if (!isEvent || inputs.some(({ name }) => has(name))) return value
  checkEventVersion(event.specversion)
  if (has('data')) return event.data
  const packed = event.data_base64
  const bytes = typeof packed === 'string' ? decodeBase64(packed) : undefined
  if (!bytes) throw new InputError('invalid_shape', `"data_base64" is not base64: ${quote(packed)}`)
  return parseJson(decodeUtf8(bytes))
}
