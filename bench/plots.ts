/** `npm run bench -- plots`: milliseconds and bytes of every plot of rows, 1,000 × 20. */
import { drawPlot, plots } from '../src/plots/index.ts'
import { makeExplanations } from '../test/plots/plotted.ts'

const RUNS = 15

console.log('| plot | first ms | median ms | KB |')
console.log('|---|---|---|---|')
for (const [name, { rows, drawRows, interactions }] of Object.entries(plots)) {
  if (!drawRows) continue
  const explanations = makeExplanations({
    rows: rows === 'one' ? 1 : 1000,
    columns: 20,
    interactions,
  })
  const given = new Map([['plot', name]])
  let bytes = 0
  const times = Array.from({ length: RUNS }, () => {
    const began = performance.now()
    bytes = Buffer.byteLength(drawPlot(explanations, given))
    return performance.now() - began
  })
  const [first = 0] = times
  const median = times.toSorted((a, b) => a - b)[RUNS >> 1] ?? 0
  console.log(
    `| ${name} | ${first.toFixed(1)} | ${median.toFixed(1)} | ${(bytes / 1024).toFixed(0)} |`,
  )
}
