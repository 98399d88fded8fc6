/** Training tables in memory: text or JSON Lines in, typed columns out. */

import type { DataFrame } from '../../data/frame.ts'
import { createCsvReader, type TableReader } from './csv.ts'
import { createJsonLinesReader } from './json-lines.ts'
import { createTableBuilder, type TableFile } from './table-builder.ts'

/**
 * Returns the table of a CSV text; a column is a number column when every value in it is a decimal number.
 * @param names column names of a file without a header; otherwise the first row is the header
 * @throws InputError for anything that is not one clean table
 */
export function readCsvTable(text: string, names?: readonly string[]): DataFrame {
  return readTable(text, (file) => createCsvReader(file, names ? 'absent' : 'present', names))
}

/**
 * Returns the table of a JSON Lines text: one flat object a line, columns in order of first appearance,
 * absent keys missing. Booleans become the texts "true" and "false".
 * @throws InputError naming the line and the key
 */
export function readJsonLinesTable(text: string): DataFrame {
  return readTable(text, createJsonLinesReader)
}

function readTable(text: string, open: (file: TableFile) => TableReader): DataFrame {
  const bytes = new TextEncoder().encode(text)
  const builder = createTableBuilder({ capacity: countLines(bytes) })
  for (;;) {
    const reader = open(builder.openFile(''))
    reader.write(bytes)
    reader.end()
    if (builder.torn().length === 0) return builder.finish()
    builder.restart()
  }
}

/** Line feeds and carriage returns: no fewer than rows. */
function countLines(bytes: Uint8Array): number {
  let count = 1
  for (const byte of bytes) if (byte === 0x0a || byte === 0x0d) count++
  return count
}
