/** Finds in which order the dates of a column have their parts. */
import { type DateOrder, dateOfText } from '../../data/date-text.ts'
import type { NumberColumn } from '../../data/frame.ts'

/** What texts are as dates. */
export interface FoundDates {
  readonly order: DateOrder
  /** Texts that are no dates of that order. */
  readonly strangers: readonly string[]
  /** The order that reads all of them as well, but one of them as another day. */
  readonly rival?: { readonly order: DateOrder; readonly text: string }
}

const ORDERS: readonly DateOrder[] = ['YMD', 'DMY', 'MDY']
/** How many texts are looked at before all are. */
const SAMPLE = 50

/**
 * Returns how the texts are written as dates; undefined where most of the first are none.
 * @param texts different ones, without those that mean no value
 */
export function recogniseDates(texts: readonly string[]): FoundDates | undefined {
  const first = texts.slice(0, SAMPLE)
  if (first.every(isSeason)) return undefined
  const likely = ORDERS.filter((order) => strangersOf(order, first).length * 2 < first.length)
  if (likely.length === 0) return undefined
  const found = likely.map((order) => ({ order, strangers: strangersOf(order, texts) }))
  const fewest = Math.min(...found.map(({ strangers }) => strangers.length))
  const [best, ...others] = found.filter(({ strangers }) => strangers.length === fewest)
  if (!best) return undefined
  // What has the year first, a name for the month or points leaves no choice.
  if (best.order === 'YMD') return best
  for (const { order } of others) {
    const text = texts.find((text) => dateOfText(order, text) !== dateOfText(best.order, text))
    if (text !== undefined) return { ...best, rival: { order, text } }
  }
  return best
}

/** Whether a text is a year with the next one, such as 2009-10, which may be a month as well. */
function isSeason(text: string): boolean {
  const found = /^\d\d(\d\d)[-/](\d\d)$/.exec(text)
  return found !== null && (Number(found[1]) + 1) % 100 === Number(found[2])
}

function strangersOf(order: DateOrder, texts: readonly string[]): string[] {
  return texts.filter((text) => dateOfText(order, text) === undefined)
}

const EPOCH_NAME = /epoch|unix|timestamp|(?:^|[_ .-])(?:ts|at|time|datetime)$/i
const DATE_NAME = /(?:^|[_ .-])(?:date|day|dt)(?:$|[_ .-])/i
const YEAR_1980 = 315_532_800
const YEAR_2100 = 4_102_444_800

/** Returns as what the numbers of a column count time where its name says that they do. */
export function recogniseEpoch(name: string, { values }: NumberColumn): DateOrder | undefined {
  const isNamed = EPOCH_NAME.test(name)
  if (!isNamed && !DATE_NAME.test(name)) return undefined
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (Number.isNaN(value)) continue
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  if (isNamed && least >= YEAR_1980 && most <= YEAR_2100) return 'epoch_s'
  if (isNamed && least >= YEAR_1980 * 1000 && most <= YEAR_2100 * 1000) return 'epoch_ms'
  if (!(least >= 19_000_101 && most <= 21_001_231)) return undefined
  const isDate = (value: number) =>
    Number.isNaN(value) || dateOfText('YYYYMMDD', String(value)) !== undefined
  return values.every(isDate) ? 'YYYYMMDD' : undefined
}
