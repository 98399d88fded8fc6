/** `npm run conformance -- FILE.jsonl`: one line per case; 0 = all passed, 1 = one failed, 2 = wrong usage. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { runCases, writeResult } from './runner.ts'

async function main(): Promise<number> {
  // tap takes every file below test/ for a test.
  if (process.env.TAP === '1') return 0
  const [file, ...rest] = process.argv.slice(2)
  const cli = resolve('dist/cli.js')
  if (file === undefined || rest.length > 0)
    return refuse('usage: npm run conformance -- FILE.jsonl')
  if (!existsSync(cli)) return refuse(`there is no ${cli}; npm run build makes it`)
  if (!existsSync(file)) return refuse(`there is no file ${file}`)
  const results = await runCases(await readFile(file, 'utf8'), {
    cli,
    report: (result) => console.log(writeResult(result)),
  })
  if (results.length === 0) return refuse(`there is no case in ${file}`)
  const failed = results.filter(({ reason }) => reason !== undefined).length
  console.log(`${results.length - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

function refuse(message: string): number {
  console.error(message)
  return 2
}

process.exitCode = await main()
