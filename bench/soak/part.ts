/** What a part of the soak is, and the figures that it ends in. */

export interface PartOptions {
  /** The built command. */
  readonly cli: string
  /** About how long the part may take. */
  readonly seconds: number
  /** A directory of its own, which is removed afterwards. */
  readonly directory: string
}

export interface Part {
  readonly what: string
  /** Seconds that it takes unless others are asked for. */
  readonly seconds: number
  run(options: PartOptions): Promise<readonly Figure[]>
}

/** One measured number beside what it must be. */
export interface Figure {
  readonly what: string
  readonly value: string
  /** What it must be, or is meant to be where a miss fails nothing. */
  readonly limit: string
  /** Undefined where it is only told. */
  readonly isMet?: boolean
  readonly isAim?: boolean
}

/** Returns a figure that a miss fails. */
export function must(what: string, value: number, most: number, unit = ''): Figure {
  return { what, value: write(value, unit), limit: `≤ ${write(most, unit)}`, isMet: value <= most }
}

/** Returns a figure that fails when it is another. */
export function mustBe(what: string, value: number | string, wanted: number | string): Figure {
  return { what, value: String(value), limit: String(wanted), isMet: value === wanted }
}

/** Returns a figure that fails when it is less. */
export function mustReach(what: string, value: number, least: number, unit = ''): Figure {
  const isMet = value >= least
  return { what, value: write(value, unit), limit: `≥ ${write(least, unit)}`, isMet }
}

/** Returns a figure whose miss is told and fails nothing. */
export function aim(what: string, value: number, most: number, unit = ''): Figure {
  return { ...must(what, value, most, unit), isAim: true }
}

/** Returns a figure that is told only. */
export function tell(what: string, value: number | string, unit = ''): Figure {
  return { what, value: typeof value === 'string' ? value : write(value, unit), limit: '' }
}

/** Prints figures as a table; returns whether all that must be met are. */
export function printFigures(name: string, figures: readonly Figure[]): boolean {
  console.log(`\n| ${name} | measured | wanted | |\n|---|---|---|---|`)
  for (const { what, value, limit, isMet, isAim } of figures) {
    const verdict = isMet === undefined ? '' : isMet ? 'met' : isAim ? 'missed aim' : 'MISSED'
    console.log(`| ${what} | ${value} | ${isAim ? `aim ${limit}` : limit} | ${verdict} |`)
  }
  return figures.every(({ isMet, isAim }) => isMet !== false || isAim === true)
}

function write(value: number, unit: string): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1
  return `${value.toFixed(digits)}${unit && ` ${unit}`}`
}
