/** Programs that are run to their end. */
import { spawnSync } from 'node:child_process'

/** Returns what a program prints; ends with what it said where it fails. */
export function succeed(command, args, options = {}) {
  const { status, stdout, stderr, error } = run(command, args, options)
  if (status === 0) return stdout
  const said = error?.message ?? `${stdout}\n${stderr}`.trim().slice(-4000)
  throw new Error(`${command} ${args.slice(0, 4).join(' ')} … ended with ${status}\n${said}`)
}

/** Returns how a program ended and what it printed. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options })
}

/** Whether a command is there and does what it is asked. */
export function works(command, args) {
  return run(command, args).status === 0
}
