/**
 * Loaded before the command: writes the processor seconds of the whole process, all threads together, at the end of each
 * of its phases to the file BENCH_PHASES names. The marks are those of src/training/phases.ts.
 */
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  const phases = {}
  const note = (phase) => {
    const { user, system } = process.cpuUsage()
    phases[phase] = (user + system) / 1e6
  }
  const { mark } = performance
  performance.mark = (name, options) => {
    if (name.startsWith('shapserve:')) note(name.slice('shapserve:'.length))
    return mark.call(performance, name, options)
  }
  process.on('exit', () => {
    note('ended')
    writeFileSync(process.env.BENCH_PHASES, JSON.stringify(phases))
  })
}
