/** The oldest Node that this runs on, as `package.json` says it, too. */
const OLDEST = [22, 18] as const

/** Returns what is wrong with a Node of this version: an older one fails somewhere in the midst of the work. */
export function refuseOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [least, leastMinor] = OLDEST
  if (major > least || (major === least && minor >= leastMinor)) return undefined
  return `shapserve: this is Node ${version}, and ${OLDEST.join('.')} or newer is needed`
}
