/**
 * What the server stands for a long time or under attack, and model directories by faults, in parts; exit 1 when a figure is missed.
 * `npm run soak -- NAME… [--seconds N] [--cli FILE]`; `all` is every part.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { abuse } from './soak/abuse.ts'
import { big } from './soak/big.ts'
import { damage } from './soak/damage.ts'
import { disk } from './soak/disk.ts'
import { drain } from './soak/drain.ts'
import { kills } from './soak/kills.ts'
import { leak } from './soak/leak.ts'
import { overload } from './soak/overload.ts'
import type { Part } from './soak/part.ts'
import { printFigures } from './soak/part.ts'
import { ping } from './soak/ping.ts'
import { refused } from './soak/refused.ts'
import { slow } from './soak/slow.ts'

const parts: Readonly<Record<string, Part>> = {
  leak,
  drain,
  abuse,
  slow,
  overload,
  ping,
  big,
  refused,
  kills,
  disk,
  damage,
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { cli: { type: 'string', default: 'dist/cli.js' }, seconds: { type: 'string' } },
  })
  const names = positionals.includes('all') ? Object.keys(parts) : positionals
  const unknown = names.filter((name) => !Object.hasOwn(parts, name))
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
  if (names.length === 0 || unknown.length > 0 || !(seconds === undefined || seconds > 0)) {
    console.error('usage: npm run soak -- NAME… [--seconds N] [--cli FILE]')
    for (const [name, part] of Object.entries(parts))
      console.error(`  ${name.padEnd(9)} ${part.what} (${part.seconds} s)`)
    return 2
  }
  let isMet = true
  for (const name of names) {
    const part = parts[name]!
    const directory = await mkdtemp(join(tmpdir(), 'shapserve-soak-'))
    try {
      const options = { cli: values.cli, seconds: seconds ?? part.seconds, directory }
      isMet = printFigures(name, await part.run(options)) && isMet
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
  return isMet ? 0 : 1
}

process.exitCode = await main()
