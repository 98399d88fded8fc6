/** A request as a line of a shell. */
import type { Row } from './fields.ts'

/**
 * Returns the curl command of a row.
 * @param base address of the service, which ends with a slash
 * @param asksToken whether a token is needed; the command reads it from a variable, so that it stands in no history
 */
export function curlOf(base: string, row: Row, asksToken: boolean): string {
  const lines = [
    `curl -s ${quote(`${base}explain`)}`,
    "-H 'content-type: application/json'",
    ...(asksToken ? ['-H "authorization: Bearer $TOKEN"'] : []),
    `-d ${quote(JSON.stringify(row))}`,
  ]
  return lines.join(' \\\n  ')
}

/** POSIX: nothing is special between single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
