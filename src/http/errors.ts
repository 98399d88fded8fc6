/** Errors as answers: RFC 9457 problem details with the members that each family of clients reads. */
import { STATUS_CODES } from 'node:http'
import { InputError, type InputErrorCode } from '../errors.ts'

/** HTTP status of the codes that are not a plain 400. */
const statusOf: Partial<Record<InputErrorCode, number>> = {
  conflict: 409,
  insufficient_storage: 507,
  internal_error: 500,
  method_not_allowed: 405,
  not_acceptable: 406,
  not_found: 404,
  unauthorized: 401,
  unknown_model: 404,
  overloaded: 503,
  request_timeout: 408,
  shutting_down: 503,
  timeout: 503,
  too_expensive: 413,
  too_large: 413,
  too_many_headers: 431,
  too_many_rows: 413,
  unsupported_encoding: 415,
  unsupported_transfer_coding: 501,
  unsupported_media_type: 415,
}

/** What a client is to do next. */
const headersOf: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  503: { 'retry-after': '1' },
}

export const PROBLEM_TYPE = 'application/problem+json'

/** Longest column name in `errors` as it is written, escapes included. */
const MAX_COLUMN = 64
/** SageMaker loses error bodies that are much longer. */
const MAX_BODY = 1024

/** An error as it is answered. */
export interface Problem {
  readonly status: number
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Returns the status that an error's code means. */
export function statusOfCode(code: InputErrorCode): number {
  return statusOf[code] ?? 400
}

/** Returns the answer to an error: one line of ASCII, at most 1 KiB; what is too long is cut. */
export function describeProblem(error: InputError, requestId: string): Problem {
  const status = statusOfCode(error.code)
  const title = STATUS_CODES[status] ?? 'Error'
  const places = error.places.slice(0, 10).map(({ row, column }) => ({
    row,
    column: column === undefined ? undefined : cutWritten(column, MAX_COLUMN),
  }))
  const write = (detail: string, errors: readonly object[]) =>
    toAscii(
      JSON.stringify({
        type: 'about:blank',
        title,
        status,
        detail,
        code: error.code,
        instance: `urn:uuid:${requestId}`,
        error: detail,
        error_code: title.toUpperCase().replaceAll(' ', '_'),
        message: detail,
        errors: errors.length > 0 ? errors : undefined,
      }),
    )
  let body = write(error.message, places)
  // The first place stays: the detail, which stands in the body three times, gives way to it.
  const [first] = places
  const kept = first ? [first] : []
  if (body.length > MAX_BODY) body = write(error.message, kept)
  if (body.length > MAX_BODY) {
    const room = Math.floor((MAX_BODY - write('', kept).length) / 3)
    body = write(cutWritten(error.message, room), kept)
  }
  return { status, body: Buffer.from(body), headers: headersOf[status] ?? {} }
}

/** Returns any thrown value as an InputError; what is not one is our own defect and says nothing of itself. */
export function asInputError(error: unknown): InputError {
  if (error instanceof InputError) return error
  const { statusCode, code } = (error ?? {}) as { statusCode?: number; code?: string }
  if (code === 'FST_ERR_BAD_URL') return new InputError('invalid_request', 'the path is not valid')
  if (statusCode === 415)
    return new InputError('unsupported_media_type', 'the Content-Type is not valid')
  if (statusCode === 413) return new InputError('too_large', 'the body is too large')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new InputError('invalid_request', 'the request is not valid')
  }
  return new InputError(
    'internal_error',
    'this is a defect of the service; the log has more under this request id',
  )
}

/** Returns text cut so that its JSON in ASCII has at most `limit` characters. */
function cutWritten(text: string, limit: number): string {
  if (toAscii(JSON.stringify(text)).length <= limit + 2) return text
  let kept = ''
  let length = 3
  for (const character of text) {
    length += toAscii(JSON.stringify(character)).length - 2
    if (length > limit) break
    kept += character
  }
  return `${kept}...`
}

function toAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
