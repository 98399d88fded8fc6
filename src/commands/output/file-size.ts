/** Sizes of files as people read them. */
import { counted } from '../../errors.ts'

/** Returns a size in bytes with two or three digits: `412 bytes`, `64 KB`, `1.5 MB`; a KB is 1,000 bytes. */
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte')
  const units = ['KB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes / 1000, 0]
  while (Math.round(value) >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
