/** What model cards are written of: text and tables in Markdown. */

/** Columns that are listed, of thousands the first: all of them stand in the model's files. */
const MOST_LISTED = 500

/** Returns a table of the first entries, and how many there are more. */
export function list<T>(
  head: readonly string[],
  entries: readonly T[],
  rowOf: (entry: T) => readonly string[],
): string {
  const more = entries.length - MOST_LISTED
  const shown = table(head, entries.slice(0, MOST_LISTED).map(rowOf))
  return more > 0 ? `${shown}\n\nand ${more} more.` : shown
}

/** Returns the first of many names in a sentence, and how many there are more. */
export function enumerate(names: readonly string[]): string {
  const more = names.length - MOST_LISTED
  const shown = names.slice(0, MOST_LISTED).map(inline).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

/** Returns a table of cells that are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Data as inline Markdown: no markup of its own, one line. */
export function inline(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|]/g, (character) => `\\${character}`)
}
