/** Bodies and tables that a case file only describes. */

/** Returns the bytes of a text that describes a body in parentheses; undefined for any other text. */
export function generateBody(text: string): Buffer | undefined {
  if (!/^\((generate:|\d[\d,]* rows\b)[\s\S]*\)$/.test(text)) return undefined
  const inner = text.slice(1, -1).trim()
  return inner.startsWith('generate:')
    ? repeat(inner.slice('generate:'.length).trim())
    : Buffer.from(generateTable(inner))
}

/** `"1.0,2.0\n" repeated to 6,291,000 bytes` or `repeated 500 times`; whole pieces only. */
function repeat(text: string): Buffer {
  const found = /^"((?:[^"\\]|\\[\s\S])*)" repeated (?:to ([\d,]+) bytes|([\d,]+) times)$/.exec(
    text,
  )
  if (!found) throw new Error(`the runner cannot generate (${text})`)
  const [, quoted = '', bytes, times] = found
  const piece = Buffer.from(JSON.parse(`"${quoted.replaceAll('\n', '\\n')}"`) as string)
  const count = times === undefined ? Math.floor(toNumber(bytes) / piece.length) : toNumber(times)
  return Buffer.alloc(piece.length * count, piece)
}

/** `100 rows: label first, 3 numeric features, no header`. */
function generateTable(text: string): string {
  const [head = '', ...rest] = text.split(/[:,](?!\d)/).map((part) => part.trim())
  const rows = /^([\d,]+) rows(?: of (\d+) numbers)?$/.exec(head)
  if (!rows) throw new Error(`the runner cannot generate (${text})`)
  let features = Number(rows[2] ?? 3)
  let [label, header] = [false, false]
  for (const part of rest) {
    const count = /^(\d+) (?:numeric )?(?:features?|columns?)$/.exec(part)
    if (count) features = Number(count[1])
    else if (part === 'label first') label = true
    else if (part === 'no label') label = false
    else if (part === 'header' || part === 'with header') header = true
    else if (part !== 'no header') throw new Error(`the runner cannot generate "${part}"`)
  }
  const names = Array.from({ length: features }, (_, j) => `f${j + 1}`)
  const lines = sampleRows(toNumber(rows[1]), features).map(({ values, level }) =>
    [...(label ? [level > 0.5 ? 1 : 0] : []), ...values].join(','),
  )
  if (header) lines.unshift([...(label ? ['label'] : []), ...names].join(','))
  return lines.map((line) => `${line}\n`).join('')
}

/** One row of a table; the level from 0 to 1 is what its label is made of. */
export interface SampleRow {
  readonly values: readonly number[]
  readonly level: number
}

/** Returns the same rows of numbers from 0 to 8 at every call; their level is their mean with noise. */
export function sampleRows(count: number, features: number): SampleRow[] {
  const uniform = createUniform(20_240_601)
  return Array.from({ length: count }, () => {
    const values = Array.from({ length: features }, () => Math.round(uniform() * 800) / 100)
    const mean = values.reduce((sum, value) => sum + value, 0) / (8 * features)
    return { values, level: mean + (uniform() - 0.5) / 5 }
  })
}

/** Mulberry32: small, and good enough for tables. */
function createUniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function toNumber(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''))
}
