/** The rows of a batch transform: a file of this machine in parts that are files of their own, or files in S3. */
import { InputError, quote, quotePath } from '../../../errors.ts'
import { openRowFile, type Part } from '../../../tables/row-files.ts'
import { readReading } from '../../reading-flags.ts'
import { inputFormats, mediaTypes, readFormat } from '../../rows/formats.ts'
import { readWhole } from '../../setting-values.ts'
import type { DataProcessing } from './aws.ts'
import { below, readPrefix, readS3, type S3Place, s3Uri } from './names.ts'
import type { TransformFlags } from './transform-flags.ts'
import type { TransformRows } from './transform-job.ts'

type InputName = (typeof inputFormats)[number]

/** Rows, and the parts that must be uploaded for them. */
export interface PlannedRows {
  readonly rows: TransformRows
  readonly format: InputName
  /** How the file is written, where that is not the usual way. */
  readonly notes: readonly string[]
  /** What SageMaker takes of rows and puts together for answers. */
  readonly processing: DataProcessing | undefined
  parts(): AsyncGenerator<{ readonly place: S3Place; readonly part: Part }>
}

/** Bytes of a part, below the 6 MB of a request. */
const PART_BYTES = 5 << 20
/** The largest request that a transform makes, in MB. */
const MAX_PAYLOAD = 100

/**
 * Returns the rows of a file here: each part is a request of its own, so a header stands in each of them.
 * @throws InputError for a file that cannot be read
 */
export async function planLocalRows(
  path: string,
  flags: TransformFlags,
  place: S3Place,
): Promise<PlannedRows> {
  const format = formatOf(flags)
  const reading = readReading(flags)
  const file = await openRowFile(path, {
    format,
    reading,
    hasHeader: flags.header ? undefined : false,
  })
  const folder = below(place, 'input')
  // A list of JSON is one document.
  const isWhole = file.format === 'json'
  const sent = file.format === 'parquet' ? 'jsonl' : file.format
  const processing = readProcessing(flags, sent)
  return {
    format: file.format,
    notes: file.notes,
    rows: {
      uri: `${s3Uri(folder)}/`,
      contentType: `${mediaTypes[sent]}${sent === 'csv' ? headerParameter(flags) : ''}`,
      // SageMaker looks into rows where it parts the lines itself.
      isParted: processing !== undefined,
      ...limitsOf(flags, isWhole ? MAX_PAYLOAD : 6),
    },
    processing,
    async *parts() {
      let at = 0
      for await (const part of file.parts(
        undefined,
        isWhole ? Number.POSITIVE_INFINITY : PART_BYTES,
      )) {
        yield { place: below(folder, `part-${String(at).padStart(6, '0')}.${sent}`), part }
        at++
      }
    },
  }
}

/**
 * Returns the rows of files in S3. SageMaker parts them at line ends only, and does not repeat a header: a file with one
 * is one request.
 * @throws InputError `invalid_option` where the format is not known
 */
export function planRowsInS3(uri: string, flags: TransformFlags): PlannedRows {
  const { key } = readS3('INPUT', uri)
  const format = formatOf(flags) ?? formatOfKey(key)
  if (format === undefined)
    throw new InputError(
      'invalid_option',
      `what ${quotePath(uri)} is written in is not known; add --input-format`,
    )
  const isParted = isLines(format, flags)
  const type = format === 'parquet' ? 'application/x-parquet' : mediaTypes[format]
  return {
    format,
    notes: [],
    rows: {
      uri: readPrefix('INPUT', uri),
      contentType: `${type}${format === 'csv' ? headerParameter(flags) : ''}`,
      isParted,
      ...limitsOf(flags, isParted ? 6 : MAX_PAYLOAD),
    },
    processing: readProcessing(flags, format),
    async *parts() {},
  }
}

/** Whether a line is a row of its own, wherever a file is parted. */
function isLines(format: InputName, { header }: Pick<TransformFlags, 'header'>): boolean {
  return format === 'jsonl' || (format === 'csv' && !header)
}

/** Longest JSONPath that SageMaker takes. */
const MOST_PATH = 63

/**
 * Returns how answers are joined with rows, and what of both is taken; undefined where nothing is asked for.
 * @throws InputError `invalid_option` for rows that SageMaker does not look into
 */
function readProcessing(flags: TransformFlags, format: InputName): DataProcessing | undefined {
  const { join, inputFilter, outputFilter } = flags
  const given = { '--join': join, '--input-filter': inputFilter, '--output-filter': outputFilter }
  const asked = Object.entries(given).filter(([, value]) => value !== undefined)
  const [first] = asked
  if (!first) return undefined
  if (!isLines(format, flags))
    throw new InputError(
      'invalid_option',
      `${first[0]} works line by line: rows must be jsonl, or csv with --no-header, not ${format}${format === 'csv' ? ' with a header' : ''}; predict --keep joins files of this machine`,
    )
  for (const [flag, path] of asked)
    if (typeof path === 'string' && !(/^\$[\x20-\x7e]*$/.test(path) && path.length <= MOST_PATH))
      throw new InputError(
        'invalid_option',
        `${flag} is ${quote(path, 80)}, expected a JSONPath of at most ${MOST_PATH} characters, such as '$[1:]' or '$.id'`,
      )
  return {
    ...(inputFilter === undefined ? {} : { InputFilter: inputFilter }),
    ...(join ? { JoinSource: 'Input' } : {}),
    ...(outputFilter === undefined ? {} : { OutputFilter: outputFilter }),
  }
}

function formatOf({ inputFormat }: TransformFlags): InputName | undefined {
  return inputFormat === undefined
    ? undefined
    : readFormat('--input-format', inputFormat, inputFormats)
}

function formatOfKey(key: string): InputName | undefined {
  const ending = /\.([a-z]+)$/i.exec(key)?.[1]?.toLowerCase()
  return inputFormats.find((format) => format === ending)
}

function headerParameter({ header }: TransformFlags): string {
  return `;header=${header ? 'present' : 'absent'}`
}

function limitsOf({ maxPayload, maxConcurrent }: TransformFlags, usual: number) {
  const payload = readWhole('--max-payload', maxPayload ?? usual, 1, MAX_PAYLOAD)
  const most = Math.max(1, Math.min(4, Math.floor(MAX_PAYLOAD / payload)))
  return {
    maxPayload: payload,
    maxConcurrent: readWhole('--max-concurrent', maxConcurrent ?? most, 1, 100),
  }
}
