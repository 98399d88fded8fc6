/** Large CSV files, made from a seed: numbers like those of HIGGS, and rows like those of Adult. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createRandom, type Random } from '../src/data/random.ts'

export type Kind = 'higgs' | 'adult'

/** Writes about so many bytes of CSV with a header and returns how many rows that were. */
export async function writeCsv(
  path: string,
  kind: Kind,
  bytes: number,
  seed: number,
): Promise<number> {
  const random = createRandom(seed)
  const { header, row } = kinds[kind]
  const stream = createWriteStream(path)
  let written = 0
  let rows = 0
  let block = `${header.join(',')}\n`
  while (written + block.length < bytes) {
    block += row(random)
    rows++
    if (block.length < 1 << 20) continue
    written += block.length
    if (!stream.write(block)) await once(stream, 'drain')
    block = ''
  }
  stream.end(block)
  await once(stream, 'close')
  return rows
}

interface RowKind {
  readonly header: readonly string[]
  row(random: Random): string
}

/** A normal number by Box and Muller's method. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
  return radius * Math.cos(2 * Math.PI * random.uniform())
}

const jobs = ['Private', 'Self-emp', 'Federal-gov', 'Local-gov', 'State-gov', '']
const schools = [
  'HS-grad',
  'Some-college',
  'Bachelors',
  'Masters',
  'Assoc-voc',
  '11th',
  'Doctorate',
]
const families = ['Never-married', 'Married-civ-spouse', 'Divorced', 'Separated', 'Widowed']
const trades = ['Adm-clerical', 'Sales', 'Craft-repair', 'Exec-managerial', 'Tech-support', '?']
const lands = Array.from({ length: 41 }, (_, i) => (i === 0 ? 'United-States' : `Country-${i}`))

function pick(values: readonly string[], random: Random): string {
  return values[random.below(values.length)] as string
}

/** What a row of each data set looks like; the label depends on a few columns, and on chance. */
const kinds: Readonly<Record<Kind, RowKind>> = {
  higgs: {
    header: ['label', ...Array.from({ length: 28 }, (_, j) => `f${j + 1}`)],
    row(random) {
      const values = Array.from({ length: 28 }, () => normal(random))
      const [a = 0, b = 0, c = 0] = values
      const label = a * b + c + normal(random) > 0 ? 1 : 0
      return `${label},${values.map((value) => value.toFixed(6)).join(',')}\n`
    },
  },
  adult: {
    header: [
      'age',
      'workclass',
      'weight',
      'education',
      'years',
      'marital',
      'occupation',
      'gain',
      'hours',
      'country',
      'income',
    ],
    row(random) {
      const age = 17 + random.below(73)
      const years = 1 + random.below(16)
      const hours = 1 + random.below(99)
      const gain = random.below(10) === 0 ? random.below(99_999) : 0
      const rich = years * 3 + hours / 2 + gain / 1000 + 20 * normal(random) > 60
      return `${age},${pick(jobs, random)},${12_285 + random.below(1_400_000)},${pick(schools, random)},${years},${pick(families, random)},${pick(trades, random)},${gain},${hours},${pick(lands, random)},${rich ? '>50K' : '<=50K'}\n`
    },
  },
}
