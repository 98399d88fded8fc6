/** A small model whose columns, values and classes have names that occur nowhere else, and readable ones for each. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { declareTrain } from '../src/commands/train.ts'

/** What no text for people may hold, except behind its readable name. */
const RAW = /[a-z_.]*q[xv]_[\w.]*/g

const plan = {
  target: 'qx_y',
  positive_class: 'qv_yes',
  id: ['qx_id'],
  numeric: ['qx_amount', 'qx_when.year'],
  ordinal: [{ column: 'qx_size', categories: ['qv_s', 'qv_m', 'qv_l'] }],
  nominal: ['qx_code', { column: 'qx_deck', impute: 'own_level', min_frequency: 5 }],
  derived: [
    {
      column: 'qx_deck',
      from: 'qx_cabin',
      pattern: '([AB]) ',
      group: 1,
      map: { A: 'qv_a', B: 'qv_b' },
    },
    { column: 'qx_when.year', from: 'qx_when', kind: 'date', part: 'year' },
  ],
  drop: ['qx_note'],
}

/** JSON is YAML. */
export const labels = {
  columns: {
    qx_y: 'Came',
    qx_id: 'Number',
    qx_amount: 'Amount paid',
    qx_size: 'Size of shoe',
    qx_code: 'Ticket class',
    qx_cabin: 'Cabin',
    qx_deck: 'Deck',
    qx_when: 'Day of booking',
    qx_note: 'Remark',
  },
  values: {
    qx_y: { qv_yes: 'came', qv_no: 'stayed' },
    qx_size: { qv_s: 'small', qv_m: 'medium', qv_l: 'large' },
    qx_code: { qv_1: 'first', qv_2: 'second', qv_3: 'third' },
    qx_deck: { qv_a: 'upper', qv_b: 'lower' },
  },
}

/** Returns the cells of a row, by the number that makes it. */
function rowOf(i: number): string[] {
  const code = 1 + ((i * 7) % 3)
  const size = (i >> 1) % 3
  const amount = (i * 37) % 50
  const isUpper = i % 5 < 2
  const comes = code + size + (amount > 25 ? 1 : 0) + (isUpper ? 1 : 0) > 4 !== (i % 13 === 0)
  return [
    String(1000 + i),
    `qv_${code}`,
    `qv_${'sml'[size]}`,
    i % 9 === 0 ? '' : String(amount),
    isUpper ? 'A 12' : i % 4 === 0 ? '' : 'B 7',
    `20${10 + (i % 8)}-0${1 + (i % 9)}-11`,
    `free ${i}`,
    comes ? 'qv_yes' : 'qv_no',
  ]
}

const names = [
  ...['qx_id', 'qx_code', 'qx_size', 'qx_amount', 'qx_cabin', 'qx_when', 'qx_note', 'qx_y'],
]

/** What there is of the model. */
export interface LabelledFiles {
  readonly table: string
  readonly labels: string
  /** Trains a model in a directory, with more flags. */
  train(name: string, ...flags: string[]): Promise<string>
}

/** Writes the table and its labels into a directory. */
export function writeLabelledFiles(directory: string): LabelledFiles {
  const [table, file, planned] = ['table.csv', 'labels.yaml', 'plan.json'].map((name) =>
    join(directory, name),
  ) as [string, string, string]
  const lines = [names, ...Array.from({ length: 240 }, (_, i) => rowOf(i))]
  writeFileSync(table, `${lines.map((cells) => cells.join(',')).join('\n')}\n`)
  writeFileSync(file, JSON.stringify(labels))
  writeFileSync(planned, JSON.stringify(plan))
  return {
    table,
    labels: file,
    async train(name, ...flags) {
      const program = new Command().exitOverride()
      declareTrain(program)
      const model = join(directory, name)
      await program.parseAsync(
        ['train', table, '--plan', planned, '--model-dir', model, '--set', 'n_estimators=8'].concat(
          flags,
        ),
        { from: 'user' },
      )
      return model
    },
  }
}

const readable = new Map<string, string>([
  ...Object.entries(labels.columns).map(([own, label]) => [own, label] as const),
  ...Object.values(labels.values).flatMap((values) => Object.entries(values)),
])

/** Returns the names of data in a text for people; those behind their readable name, `Deck (qx_deck)`, are no slip. */
export function findRawNames(text: string): string[] {
  let rest = text.replaceAll('\\', '')
  for (const [own, label] of readable) rest = rest.replaceAll(`${label} (${own})`, label)
  return [...new Set(rest.match(RAW) ?? [])]
}
