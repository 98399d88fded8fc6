/** Texts that stand for others: made up, and read alike by the patterns that a model reads a column through. */
import type { Cell } from '../data/frame.ts'
import type { Derivation } from './derivation.ts'
import { buildDerivation } from './derive.ts'
import type { InputColumn, PreprocessorSpec } from './preprocessor.ts'

/** What patterns find nothing in, mostly. */
const BLANKS = ['-', '?', '0', 'x']

/** Stands in for the texts of one input column. */
export interface Speller {
  /** Names of the columns that are derived from it. */
  readonly derived: readonly string[]
  /** Returns what is derived from a text; length = derived. */
  read(text: Cell): Cell[]
  /** Returns a text from which this is derived; undefined where none is found. length = derived */
  spell(wanted: readonly Cell[]): string | undefined
}

/**
 * Returns what makes up texts for a column that a model only reads through patterns; undefined for any other. Texts are
 * made from the column's example, by putting in what is to be found.
 */
export function buildSpeller(spec: PreprocessorSpec, input: InputColumn): Speller | undefined {
  const used = new Set(spec.steps.map(({ column }) => column))
  const made = spec.derived.filter(({ from, column }) => from === input.name && used.has(column))
  if (used.has(input.name) || made.length === 0) return undefined
  if (made.some(({ kind }) => kind !== undefined)) return undefined
  const derivations = made.map(buildDerivation)
  const read = (text: Cell) => derivations.map((derivation) => derivation.cell(text))
  const example = String(input.example)
  return {
    derived: made.map(({ column }) => column),
    read,
    spell(wanted) {
      const reads = (text: string) => read(text).every((cell, i) => cell === wanted[i])
      return listSpellings(example, wanted, derivations).find(reads)
    },
  }
}

/** Texts that may say what is wanted, to be tried. */
function listSpellings(
  example: string,
  wanted: readonly Cell[],
  derivations: readonly Derivation[],
): string[] {
  const replaced = derivations.reduce((text, derivation, i) => {
    const found = derivation.cell(text)
    const next = wanted[i] ?? null
    if (found === null || next === null || found === next) return text
    // By a function: what is put in may hold signs of its own meaning.
    return text.replace(String(found), () => String(next))
  }, example)
  const plain = wanted.flatMap((cell) => (cell === null ? [] : [String(cell)]))
  return [replaced, ...plain, ...BLANKS]
}
