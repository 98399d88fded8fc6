/** How many connections this process has descriptors for. */
import { readFileSync } from 'node:fs'

/** Where many descriptors are allowed, more connections than these are refused for other reasons. */
const MOST = 1024
const LEAST = 8

/**
 * Returns the most connections that may be open: half of the descriptors that Linux grants, the other half is for files,
 * threads and listeners. Without this, a connection for which there is no descriptor is never accepted nor refused, and
 * whoever asks for health waits with all others.
 * @param file where Linux tells of a process's limits
 */
export function mostConnections(file = '/proc/self/limits'): number {
  let limits = ''
  try {
    limits = readFileSync(file, 'utf8')
  } catch {
    // Other systems have no such file.
  }
  const granted = /^Max open files +(\d+)/m.exec(limits)?.[1]
  if (granted === undefined) return MOST
  return Math.max(LEAST, Math.min(MOST, Math.floor(Number(granted) / 2)))
}
