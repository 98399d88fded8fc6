/** Reads how columns are written, from plans and from stored preprocessors. */
import { dateOrders } from '../../data/date-text.ts'
import type { JsonReader } from '../../data/json-fields.ts'
import type { NumberFormat } from '../../data/number-text.ts'
import { spans } from '../../data/span-text.ts'
import type { Written } from '../../data/written.ts'

/** How one column of a table is written. */
export interface WrittenColumn extends Written {
  readonly column: string
}

/** Every cell is compared with the texts that mean missing. */
const MOST_MISSING = 1000

const KEYS = ['missing', 'number', 'span', 'date']

/** Returns how a column is written, from parsed JSON; throws what the reader throws. */
export function readWritten(value: unknown, reader: JsonReader, where: string): Written {
  const entry = reader.object(value, where, KEYS)
  return {
    ...(entry.has('missing')
      ? { missing: readMissing(entry.get('missing'), reader, `${where}.missing`) }
      : {}),
    ...(entry.has('number')
      ? { number: readNumberFormat(entry.get('number'), reader, `${where}.number`) }
      : {}),
    ...(entry.has('span')
      ? { span: reader.choice(entry.get('span'), `${where}.span`, spans) }
      : {}),
    ...(entry.has('date')
      ? { date: reader.choice(entry.get('date'), `${where}.date`, dateOrders) }
      : {}),
  }
}

/** Returns how the columns of a plan are written; throws what the reader throws, also where one is named twice. */
export function readWrittenColumns(value: unknown, reader: JsonReader): WrittenColumn[] {
  const seen = new Set<string>()
  return reader.list(value, 'written').map((item, i) => {
    const where = `written[${i}]`
    const { column: name, ...rules } = Object.fromEntries(
      reader.object(item, where, ['column', ...KEYS]),
    )
    const column = reader.text(name, `${where}.column`)
    if (seen.has(column)) reader.text(undefined, `${where}.column (named once)`)
    seen.add(column)
    return { column, ...readWritten(rules, reader, where) }
  })
}

function readMissing(value: unknown, reader: JsonReader, where: string): string[] {
  const texts = reader.texts(value, where)
  reader.whole(texts.length, `${where}.length`, 0, MOST_MISSING)
  return texts
}

function readNumberFormat(value: unknown, reader: JsonReader, where: string): NumberFormat {
  const entry = reader.object(value, where, ['decimal', 'group', 'affix'])
  const decimal = reader.choice(entry.get('decimal') ?? '.', `${where}.decimal`, ['.', ','])
  const marks = (['.', ',', ' ', "'"] as const).filter((mark) => mark !== decimal)
  return {
    decimal,
    ...(entry.has('group')
      ? { group: reader.choice(entry.get('group'), `${where}.group`, marks) }
      : {}),
    ...(entry.has('affix') ? { affix: reader.text(entry.get('affix'), `${where}.affix`) } : {}),
  }
}
