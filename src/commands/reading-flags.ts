/** The flags that say how files of rows are written, where it cannot be seen. */
import type { Command } from 'commander'
import { InputError, quote } from '../errors.ts'
import { type Delimiter, delimiters } from '../tables/formats/dialect.ts'
import { readEncoding } from '../tables/formats/encoding.ts'
import type { Reading } from '../tables/read-tables.ts'
import { readWhole } from './setting-values.ts'
import { listChoices } from './shared-flags.ts'

/** Their values, as they were typed. */
export interface ReadingFlags {
  readonly delimiter?: string
  readonly encoding?: string
  readonly skipRows?: string
  /** Absent = it is looked at. */
  readonly header?: boolean
}

/** Adds the flags that say how files are written. */
export function addReadingFlags(command: Command, withoutHeader: string): Command {
  return command
    .option(
      '--delimiter <character>',
      'what separates the fields of CSV: , ; | tab or space (default: by the first rows)',
    )
    .option(
      '--encoding <name>',
      'of text files, such as windows-1252 (default: UTF-8, or UTF-16 where it shows)',
    )
    .option('--skip-rows <number>', 'leave out so many lines at the beginning of text files')
    .option('--no-header', withoutHeader)
}

/** Delimiters by the names that a shell takes without quotes. */
const delimiterNames: Readonly<Record<string, Delimiter>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  bar: '|',
  pipe: '|',
  space: ' ',
}

/**
 * Returns what the flags say.
 * @throws InputError `invalid_option` or `invalid_parameter` for a value that is none
 */
export function readReading({
  delimiter,
  encoding,
  skipRows,
}: Omit<ReadingFlags, 'header'>): Reading {
  return {
    delimiter: delimiter === undefined ? undefined : readDelimiter(delimiter),
    encoding: encoding === undefined ? undefined : readEncoding('--encoding', encoding),
    skipRows: skipRows === undefined ? undefined : readWhole('--skip-rows', skipRows, 0, 10_000),
  }
}

function readDelimiter(text: string): Delimiter {
  if (Object.hasOwn(delimiters, text)) return text as Delimiter
  if (Object.hasOwn(delimiterNames, text)) return delimiterNames[text] as Delimiter
  throw new InputError(
    'invalid_option',
    `--delimiter is ${quote(text)}, expected ${listChoices([',', "';'", "'|'", 'tab', 'space'])}`,
  )
}
