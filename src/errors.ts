/**
 * The two errors that a user can cause, and the wording shared by their messages.
 * An {@link InputError} is about data that was sent or named; an {@link ArtifactError} is about a model directory.
 */
import { escapeHidden } from './hidden-characters.ts'
import { nearestName } from './near-names.ts'

/** Every code that an {@link InputError} can carry, with what it means. Stable: clients may switch on them. */
export const inputErrorCodes = {
  ambiguous_header:
    'the first CSV row names some columns of the model, but not only columns it knows',
  blank_row: 'an empty line between CSV rows',
  cannot_explain: 'an explanation of a model that holds too little to be explained',
  conflict: 'a model name that is loaded already',
  control_character: 'a NUL or another control character in a CSV body',
  duplicate_column: 'a column name that appears twice',
  duplicate_content_type: 'more than one Content-Type header',
  empty_body: 'a request without a body',
  empty_column_name: 'a column without a name',
  empty_data: 'a training table without rows',
  insufficient_storage: 'a model that does not fit into the memory set aside',
  internal_error: 'a defect of this program',
  invalid_csv: 'text that is not CSV',
  invalid_delimiter: 'CSV separated by something other than a comma',
  invalid_file: 'a file that cannot be read',
  invalid_gzip: 'a body sent as gzip that is not gzip, or not whole',
  invalid_json: 'text that is not JSON',
  invalid_label: 'a training row without a usable label',
  invalid_libsvm: 'text that is not LIBSVM, or an index that the model does not have',
  invalid_npy: 'bytes that are not a NumPy array of numbers in one or two dimensions',
  invalid_number: 'a value that is not a number in a number column',
  invalid_option: 'a request option or its value that does not exist',
  invalid_parameter: 'an estimator parameter or training setting out of its range',
  invalid_parquet: 'bytes that are not a Parquet file',
  invalid_pattern: 'a regular expression that cannot be used',
  invalid_plan: 'a column plan that does not fit its table',
  invalid_recordio: 'bytes that are not RecordIO frames of protobuf records with numbers',
  invalid_request: 'bytes that are not an HTTP request',
  invalid_shape: 'JSON of a shape that holds no rows',
  invalid_text: 'a value that is not text in a text column',
  invalid_utf8: 'bytes that are not UTF-8',
  invalid_weight: 'a training row whose weight is not a number of 0 or more',
  json_too_deep: 'JSON nested deeper than 32 levels',
  method_not_allowed: 'a route that exists, asked with another method',
  missing_column:
    'a column that the model needs, or may lack but not beside a name that resembles it',
  missing_value: 'an empty value in a column that never was empty in training',
  no_target: 'a training table without the target column',
  non_finite: 'a number too large for a double, or infinite',
  not_acceptable: 'an Accept header that no answer fits',
  not_found: 'a route that does not exist',
  one_class: 'a target with a single class',
  one_row: 'a picture was asked for other than one row',
  overloaded: 'more requests than the service can hold; try again',
  ragged_row: 'a row with more or fewer fields than the others',
  request_timeout: 'a request that took too long to arrive',
  shutting_down: 'the service is stopping',
  timeout: 'a request that took too long to answer',
  too_expensive: 'a request whose answer would cost more than the budget',
  too_few_rows: 'a training table too small for the split asked for',
  too_large: 'a body over the limit',
  too_many_headers: 'request headers over the limit',
  too_many_keys: 'a JSON object with more than 10,000 keys',
  too_many_rows: 'more rows than one request may hold',
  unauthorized: 'a request without a valid token, where tokens are asked for',
  unknown_model: 'a model that is not loaded',
  unknown_column: 'a column name that does not exist',
  unsupported_encoding: 'a Content-Encoding other than gzip and identity',
  unsupported_transfer_coding: 'a Transfer-Encoding other than chunked',
  unsupported_media_type: 'a Content-Type that no decoder reads',
  wrong_width: 'a row with more or fewer values than the model has columns',
} as const

/** A stable code of an {@link InputError}. */
export type InputErrorCode = keyof typeof inputErrorCodes

/** Where in the input something is wrong; rows are counted from 1, without a header. */
export interface Place {
  readonly row?: number
  readonly column?: string
}

/** A message as it stands before its places are written: whoever knows better can number their rows anew. */
export type PlacedText = readonly (string | Place)[]

/** Returns a message that names places, from a template with places among its values. */
export function placed(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Place | PlacedText)[]
): PlacedText {
  return strings.flatMap((text, i): PlacedText => {
    const value = values[i]
    if (value === undefined) return [text]
    return typeof value === 'object' ? [text, value].flat() : [text, String(value)]
  })
}

/** Returns `row 3, column "age"` for a place. */
function describePlace({ row, column }: Place): string {
  const parts = [
    row === undefined ? '' : `row ${row}`,
    column === undefined ? '' : `column ${quote(column)}`,
  ]
  return parts.filter(Boolean).join(', ')
}

/** Something wrong in data, a request or a setting: an HTTP 4xx, or exit status 1. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code: InputErrorCode
  /** The message, with its places still data. */
  readonly text: PlacedText
  readonly places: readonly Place[]

  /** @param places where it is wrong; absent = the first place that the text names, if any */
  constructor(code: InputErrorCode, text: string | PlacedText, places?: readonly Place[]) {
    const parts = typeof text === 'string' ? [text] : text
    super(parts.map((part) => (typeof part === 'string' ? part : describePlace(part))).join(''))
    this.code = code
    this.text = parts
    this.places = places ?? parts.filter((part) => typeof part !== 'string').slice(0, 1)
  }

  /** Returns the same error with other row numbers: those of a whole for those of a part. */
  numberRows(number: (row: number) => number): InputError {
    const renumber = (place: Place): Place =>
      place.row === undefined ? place : { ...place, row: number(place.row) }
    const text = this.text.map((part) => (typeof part === 'string' ? part : renumber(part)))
    return new InputError(this.code, text, this.places.map(renumber))
  }
}

/** Returns an InputError that names the file it is in, as `train.csv: row 3 …`; any other error as it is. */
export function inFile(path: string, error: unknown): unknown {
  if (!(error instanceof InputError)) return error
  const shown = quote(path, 256).slice(1, -1)
  return new InputError(error.code, placed`${shown}: ${error.text}`, error.places)
}

/** A stable code of an {@link ArtifactError}. */
export type ArtifactErrorCode =
  /** No model directory, or no manifest in it. */
  | 'missing'
  /** A file that may not be read, is not a regular file, or changed while it was read. */
  | 'unreadable'
  /** A model of another tool. */
  | 'foreign'
  /** A format version that this program does not read. */
  | 'format'
  /** A size or checksum that differs from the manifest. */
  | 'corrupt'
  /** Content that is not a valid model. */
  | 'invalid'
  /** Files that do not belong together. */
  | 'mismatch'
  /** Stored predictions that this program does not reproduce. */
  | 'self_test'
  /** Not signed, or not for the key that is asked for. */
  | 'signature'
  /** Another training that writes to the same directory. */
  | 'locked'
  /** A directory that cannot be written. */
  | 'unwritable'

/** A model directory that is refused: exit status 1, never a wrong number. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError'
  readonly code: ArtifactErrorCode

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Returns a value of the user's as one printable line in quotes, cut to `limit` characters. What is not seen is escaped
 * as in JSON, so that it can neither forge a log line nor move a terminal's cursor.
 */
export function quote(value: unknown, limit = 64): string {
  const text = typeof value === 'string' ? value : describeValue(value)
  const cut = text.length > limit ? `${text.slice(0, wholeEnd(text, limit))}…` : text
  const line = escapeHidden(JSON.stringify(cut))
  return typeof value === 'string' ? line : line.slice(1, -1).replaceAll('\\"', '"')
}

/** Returns a path in quotes; of a long one its end, which says more than its beginning. */
export function quotePath(path: string, limit = 100): string {
  return quote(path.length > limit ? `…${path.slice(1 - limit)}` : path, limit)
}

/** Returns a name or a path as a shell takes it for one word. */
export function shellWord(name: string): string {
  return /^[\p{L}\p{N}_./][\p{L}\p{N}_./-]*$/u.test(name)
    ? name
    : `'${name.replaceAll("'", "'\\''")}'`
}

/** Returns a flag with its value for a shell; a value that begins with a dash stands in one word with it. */
export function flagWith(flag: string, value: string): string {
  return `${flag}${value.startsWith('-') ? '=' : ' '}${shellWord(value)}`
}

/** A message must not fail over the value it names, however deep that is nested. */
function describeValue(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value)
  try {
    return JSON.stringify(value) ?? 'a value'
  } catch {
    return Array.isArray(value) ? 'a list' : 'an object'
  }
}

/** Returns where a text may be cut without halving a character. */
function wholeEnd(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xd800 && unit < 0xdc00 ? at - 1 : at
}

/** Returns up to `limit` names in quotes, separated by commas, and how many more there are. */
export function listNames(names: readonly (string | number)[], limit = 10): string {
  const shown = names.slice(0, limit).map((name) => quote(String(name)))
  return names.length > limit
    ? `${shown.join(', ')} and ${names.length - limit} more`
    : shown.join(', ')
}

/** Returns `; did you mean "X"?` for the candidate nearest to a mistyped name, or an empty string. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const best = nearestName(name, candidates)
  return best === undefined ? '' : `; did you mean ${quote(best)}?`
}

/** Returns how many there are of something: `1 tree`, `24 trees`. */
export function counted(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}
