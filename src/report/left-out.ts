/** Pictures for which a report had no time: which they are, and who draws them. */
import { type Html, paragraph, tag } from './html.ts'

/** Longest computation of all pictures of `shapserve report`, in estimated seconds: somebody waits for it. */
export const REPORT_SECONDS = 30

/** A picture that was left out. */
export interface LeftOut {
  readonly plot: string
  readonly title: string
}

/** What was left out of a report. */
export interface Omission {
  readonly pictures: readonly LeftOut[]
  /** How many of them `shapserve report` draws. */
  readonly later: number
}

/** Returns a sentence in the place of the pictures; nothing where none was left out. */
export function describeOmission({ pictures, later }: Omission): Html[] {
  if (pictures.length === 0) return []
  const titles = pictures.map(({ title }) => title).join('; ')
  const who =
    later === 0
      ? ['.']
      : [
          '. ',
          tag('code', '', 'shapserve report DIR'),
          ` draws ${later === pictures.length ? 'them' : `${later} of them`}.`,
        ]
  return [paragraph(`Left out, because it takes long: ${titles}`, ...who)]
}

/** Returns a line about a report that somebody has just been given. @param command which draws what is left out */
export function omissionLine({ pictures, later }: Omission, command: string): string {
  const counts = new Map<string, number>()
  for (const { plot } of pictures) counts.set(plot, (counts.get(plot) ?? 0) + 1)
  const names = [...counts].map(([plot, count]) => (count > 1 ? `${plot} (${count})` : plot))
  const who =
    later === 0
      ? 'which take too long'
      : `${command} draws ${later === pictures.length ? 'them' : `${later} of them`}`
  return `report    without ${names.join(', ')}: ${who}`
}
