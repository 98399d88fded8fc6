/** Finds whether the texts of a column are times of day, durations, or parts of years. */
import { numberOfSpan, type Span, spans } from '../../data/span-text.ts'

/** What texts are as spans. */
export interface FoundSpans {
  readonly span: Span
  /** Texts that are none. */
  readonly strangers: readonly string[]
}

/** How many texts are looked at before all are. */
const SAMPLE = 50

/**
 * Returns what the texts say; undefined where most of the first say something else. What one kind reads whole comes
 * before what another reads in part: one text of 26:00 makes durations of all.
 * @param texts different ones, without those that mean no value
 */
export function recogniseSpans(texts: readonly string[]): FoundSpans | undefined {
  const first = texts.slice(0, SAMPLE)
  const likely = spans.filter((span) => strangersOf(span, first).length * 2 < first.length)
  // Numbers with one unit behind them are just that: 12 m may be metres.
  if (likely.length === 1 && likely[0] === 'duration' && !texts.some(isCompound)) return undefined
  const found = likely.map((span) => ({ span, strangers: strangersOf(span, texts) }))
  const fewest = Math.min(...found.map(({ strangers }) => strangers.length))
  return found.find(({ strangers }) => strangers.length === fewest)
}

/** Whether a text has more than one number, or says by itself that it is a duration. */
function isCompound(text: string): boolean {
  return /:|^-?P|\d ?[a-z]+,? ?\d/i.test(text)
}

function strangersOf(span: Span, texts: readonly string[]): string[] {
  return texts.filter((text) => numberOfSpan(span, text) === undefined)
}
