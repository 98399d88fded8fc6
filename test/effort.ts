/** How many random cases are tried: `EFFORT=10 npm test` tries ten times as many as usual. */
const effort = Number(process.env.EFFORT ?? 1)
if (!(effort > 0)) throw new Error(`EFFORT is "${process.env.EFFORT}", expected a number above 0`)

/** Returns the cases of one property or sample, of which `npm test` tries so many. */
export function runs(usual: number): number {
  return Math.ceil(usual * effort)
}
