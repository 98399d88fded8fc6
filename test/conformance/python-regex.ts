/** Regular expressions as Python's `re` reads them. */

/**
 * Returns a regular expression that finds what Python's `re.search` finds with this pattern.
 * @throws Error for what JavaScript cannot do
 */
export function parseRegex(pattern: string): RegExp {
  const inline = /^\(\?([a-zA-Z]+)\)/.exec(pattern)
  const flags = new Set(inline?.[1])
  for (const flag of flags) {
    if (!'imsau'.includes(flag)) throw new Error(`the regex flag (?${flag}) is not known`)
  }
  const [dotAll, multiline] = [flags.has('s'), flags.has('m')]
  const parts = {
    '.': dotAll ? '[\\s\\S]' : '[^\\n]',
    '^': multiline ? '(?<![^\\n])' : '(?<![\\s\\S])',
    $: multiline ? '(?![^\\n])' : '(?=\\n?(?![\\s\\S]))',
    '(?P<': '(?<',
  }
  // A class, an escape, and what the two languages write or read differently.
  const token = /\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\\[\s\S]|\(\?P=(\w+)\)|\(\?P<|\{,(\d+)\}|[.^$]/g
  const source = pattern
    .slice(inline?.[0].length ?? 0)
    .replace(token, (found: string, name: string | undefined, most: string | undefined) => {
      if (name !== undefined) return `\\k<${name}>`
      if (most !== undefined) return `{0,${most}}`
      if (found === '\\A') return '(?<![\\s\\S])'
      if (found === '\\Z') return '(?![\\s\\S])'
      if (found.startsWith('[')) return found.replace(/^(\[\^?)\]/, '$1\\]')
      return Object.hasOwn(parts, found) ? parts[found as keyof typeof parts] : found
    })
  return new RegExp(source, flags.has('i') ? 'i' : '')
}
