/**
 * `node test/several.ts FILE…`: test files one after the other in one process, which loads what they share once. Each is a
 * subtest named by its path, and has that in place of tap's root. Behind each its counts are printed, as tap does at the end
 * of a file, and the time of the processor that it took here.
 */
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'

const tests = pathToFileURL(import.meta.dirname).href
const OWN = 'test-of:'

// tap names its folders for files by the arguments.
const files = process.argv.splice(2)
const { default: t } = await import('tap')

let current: Test
Object.defineProperty(globalThis, OWN, { get: () => current })

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'tap' && context.parentURL?.startsWith(tests)
      ? { url: OWN + context.parentURL, shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url.startsWith(OWN)
      ? { format: 'module', source: `export default globalThis['${OWN}']`, shortCircuit: true }
      : next(url, context),
})

for (const file of files) {
  const before = process.cpuUsage()
  await t.test(file, async (t: Test) => {
    current = t
    await import(pathToFileURL(resolve(file)).href)
  })
  const { total, pass, fail, skip } = current!.counts
  const { user, system } = process.cpuUsage(before)
  t.comment(
    `{ total: ${total}, pass: ${pass}, fail: ${fail}, skip: ${skip} } ${(user + system) / 1e6} s`,
  )
}
