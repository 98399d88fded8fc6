/** Bodies as text: strict UTF-8, strict JSON, CSV as RFC 4180 has it, lines. */

/** Returns the text of UTF-8 bytes, a byte order mark included; throws for any other bytes. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** Returns the value of a JSON body; throws for NaN, a byte order mark and other liberties. */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`the body is not JSON: ${(error as Error).message}`)
  }
}

/** Returns the lines of a text; the end of the last one is optional. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map(withoutReturn)
}

/** Returns the fields of CSV rows; a blank line is a row of one empty field. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y
  let row: string[] = []
  while (field.lastIndex < text.length) {
    const found = field.exec(text)
    if (!found) throw new Error(`row ${rows.length + 1} is not CSV`)
    const [, quoted, bare = '', end = ''] = found
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (end === ',' && field.lastIndex === text.length) row.push('')
    if (end !== ',' || field.lastIndex === text.length) {
      rows.push(row)
      row = []
    }
  }
  return rows
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
