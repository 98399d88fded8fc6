/** Answers with the kept columns of their rows in front. */
import { writeField } from '../../codecs/csv.ts'
import { parseCsv } from '../../data/csv.ts'
import { InputError, quote } from '../../errors.ts'
import type { Kept } from './kept-columns.ts'

/**
 * Returns an answer in which each record begins with what is kept of its row.
 * @param text answer to a part: CSV, JSON Lines or JSON
 * @param hasHeader whether CSV begins with names
 * @throws InputError `invalid_option` for a kept column that has the name of something in the answer
 */
export function joinKept(
  text: string,
  format: 'csv' | 'json' | 'jsonl',
  kept: Kept,
  hasHeader: boolean,
): string {
  if (format === 'csv') return joinCsv(text, kept, hasHeader)
  if (format === 'json') return joinDocument(text, kept)
  return recordsOf(text)
    .map((line, i) => `${joinObject(line, kept, i)}\n`)
    .join('')
}

function joinCsv(text: string, kept: Kept, hasHeader: boolean): string {
  const records = recordsOf(text)
  const header = hasHeader ? records.shift() : undefined
  if (header !== undefined) checkNames(kept.names, parseCsv(header, { header: true })[0] ?? [])
  const lines = records.map((record, i) => {
    const row = kept.isNumbered ? Number.parseInt(record, 10) - 1 - kept.rowOffset : i
    return `${(kept.rows[row] ?? []).map(writeCell).join(',')},${record}\n`
  })
  const first = header === undefined ? [] : [`${kept.names.map(writeField).join(',')},${header}\n`]
  return [...first, ...lines].join('')
}

function writeCell(value: unknown): string {
  return value === null ? '' : writeField(textOf(value))
}

/** Returns a kept value as a text, with all its digits. */
export function textOf(value: unknown): string {
  return typeof value === 'object' ? writeJson(value) : String(value)
}

/** The list is the last member of what stands around it. */
function joinDocument(text: string, kept: Kept): string {
  const document = JSON.parse(text) as Record<string, unknown>
  const [name, list] = Array.isArray(document)
    ? ['predictions', document]
    : (Object.entries(document).findLast(([, value]) => Array.isArray(value)) as [
        string,
        unknown[],
      ])
  const { [name]: _, ...head } = Array.isArray(document) ? {} : document
  const objects = list.map((item, i) => {
    // Rows that are lists are answered with labels.
    const object =
      typeof item === 'object' && !Array.isArray(item) ? item : { predicted_label: item }
    return joinObject(JSON.stringify(object), kept, i)
  })
  const before = JSON.stringify(head).slice(1, -1)
  return `{${before}${before === '' ? '' : ','}${JSON.stringify(name)}:[${objects.join(',')}]}`
}

/** An object that says of which row it is, is one of several of it. */
function joinObject(json: string, kept: Kept, at: number): string {
  const numbered = /^\{"row":(\d+)/.exec(json)
  const row = numbered ? Number(numbered[1]) - 1 - kept.rowOffset : at
  if (at === 0) checkNames(kept.names, Object.keys(JSON.parse(json)))
  const members = (kept.rows[row] ?? []).map(
    (value, j) => `${JSON.stringify(kept.names[j])}:${writeJson(value)},`,
  )
  return `{${members.join('')}${json.slice(1)}`
}

/** Whole numbers beyond a double are bigints, which JSON has room for. */
function writeJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).map(
    ([key, own]) => `${JSON.stringify(key)}:${writeJson(own)}`,
  )
  return `{${members.join(',')}}`
}

function checkNames(kept: readonly string[], own: readonly string[]): void {
  const twice = kept.find((name) => own.includes(name))
  if (twice !== undefined)
    throw new InputError(
      'invalid_option',
      `--keep: ${quote(twice)} is the name of a column of the answer already; keep others, or write another --format`,
      [{ column: twice }],
    )
}

/** Returns the lines of a text; one that ends in quotes goes on, as in CSV. */
function recordsOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (!text.includes('"') || text.startsWith('{')) return lines
  const records: string[] = []
  let isOpen = false
  for (const line of lines) {
    if (isOpen) records.push(`${records.pop()}\n${line}`)
    else records.push(line)
    if (line.split('"').length % 2 === 0) isOpen = !isOpen
  }
  return records
}
