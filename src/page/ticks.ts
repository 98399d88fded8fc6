/** Probabilities along an axis of log-odds. */

/** Per cent that people know. */
const known = [
  0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9, 99.99,
]
/** Share of the axis that a tick's text takes. */
const ROOM = 0.16
/** Share of the axis at its ends where no text fits. */
const MARGIN = 0.04

export interface ProbabilityTick {
  readonly logOdds: number
  readonly text: string
}

/** Returns the probabilities between two log-odds for which there is room, those nearest to one half first chosen. */
export function probabilityTicks(low: number, high: number): ProbabilityTick[] {
  const width = high - low
  if (!(width > 0)) return []
  const chosen: ProbabilityTick[] = []
  const byMiddle = [...known].sort((a, b) => Math.abs(a - 50) - Math.abs(b - 50) || a - b)
  for (const percent of byMiddle) {
    const logOdds = Math.log(percent / (100 - percent))
    const place = (logOdds - low) / width
    const hasRoom = chosen.every((other) => Math.abs(other.logOdds - logOdds) / width >= ROOM)
    if (place >= MARGIN && place <= 1 - MARGIN && hasRoom)
      chosen.push({ logOdds, text: `${percent}\u00a0%` })
  }
  return chosen.sort((a, b) => a.logOdds - b.logOdds)
}
