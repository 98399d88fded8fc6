/** One row, beside the service that one writes in Python (FastAPI, scikit-learn, shap): pairs of short runs, and its start. */
import { spawnSync } from 'node:child_process'
import { quantile } from './client.ts'
import { findGenerator, type Measured } from './generator.ts'
import { asJson, post, row, type Scenario } from './scenarios.ts'
import { startServer } from './servers.ts'

const PACKAGES = ['fastapi', 'uvicorn', 'sklearn', 'shap', 'pandas']
const CONNECTIONS = 16

const scenarios: readonly Scenario[] = ['/invocations', '/explain'].map((path) => ({
  name: path,
  ...post(path, 'application/json', asJson(row)),
}))

/** Prints a line per route; where Python or a package is missing, a line that says so. */
export async function measureAgainstPython(
  shapserve: (port: number) => string[],
  {
    pinned,
    seconds,
    warmUp,
    pairs,
  }: { pinned: boolean; seconds: number; warmUp: number; pairs: number },
): Promise<void> {
  const python = process.env.PYTHON || 'python3'
  if (spawnSync(python, ['-c', `import ${PACKAGES.join(', ')}`]).status !== 0) {
    console.log(`${python} lacks one of ${PACKAGES.join(', ')}: nothing is compared with Python\n`)
    return
  }
  const { name: generator, makeLoad } = findGenerator()
  const own = await startServer(shapserve, pinned)
  const other = await startServer(
    (port) => ['bench/python/serve_fastapi.py', `${port}`],
    pinned,
    python,
  )
  try {
    console.log(
      `| one row, ${CONNECTIONS} at once, load by ${generator} | requests/s | FastAPI | ratio | p50 ms | FastAPI |`,
    )
    console.log(`|${'---|'.repeat(6)}`)
    for (const scenario of scenarios) {
      await makeLoad(own, scenario, CONNECTIONS, warmUp)
      await makeLoad(other, scenario, CONNECTIONS, warmUp)
      const found: { mine: Measured; theirs: Measured; ratio: number }[] = []
      for (let pair = 0; pair < pairs; pair++) {
        const mine = await makeLoad(own, scenario, CONNECTIONS, seconds)
        const theirs = await makeLoad(other, scenario, CONNECTIONS, seconds)
        found.push({ mine, theirs, ratio: mine.perSecond / theirs.perSecond })
      }
      const middle = (of: (pair: (typeof found)[number]) => number) =>
        quantile(Float64Array.from(found, of).sort(), 0.5)
      const cells = [
        scenario.name,
        middle(({ mine }) => mine.perSecond).toFixed(0),
        middle(({ theirs }) => theirs.perSecond).toFixed(0),
        middle(({ ratio }) => ratio).toFixed(0),
        middle(({ mine }) => mine.p50).toFixed(2),
        middle(({ theirs }) => theirs.p50).toFixed(1),
      ]
      console.log(`| ${cells.join(' | ')} |`)
    }
    console.log(
      `\nStart to the first 200: ${own.startMs.toFixed(0)} ms; FastAPI, which also trains its forest: ${other.startMs.toFixed(0)} ms\n`,
    )
  } finally {
    await own.stop()
    await other.stop()
  }
}
