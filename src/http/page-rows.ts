/** Rows that the page loads: what its stored samples do not say by themselves. */
import type { Cell } from '../data/frame.ts'
import { rowOf } from '../data/matrix.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { PageRows } from '../page/wire.ts'
import { restoreCells } from '../preprocess/feature-meaning.ts'
import { frameOfCells, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { buildSpeller, type Speller } from '../preprocess/spell-text.ts'

type Model = Pick<LoadedModel, 'artifact' | 'predictor'>

/** Returns rows that the model predicts wrongly, and texts for those of the sample, of which only features are stored. */
export function describeRows({ artifact, predictor }: Model): PageRows {
  const { mistakes, numericClasses } = artifact
  return {
    texts: spellSample({ artifact, predictor }),
    mistakes: (mistakes?.examples ?? []).map(({ cells, label }) => ({
      cells,
      label: numericClasses ? Number(label) : label,
    })),
  }
}

/**
 * Returns texts by their column that give the features of the sample's rows; null where none was found. Columns that
 * are read in more than one way are left out: their features are not told apart.
 */
function spellSample({ artifact: { background }, predictor }: Model): PageRows['texts'] {
  const { preprocessor } = predictor
  const { spec, inputOf } = preprocessor
  const { inputs } = spec
  const cells = restoreCells(spec, background)
  const spelled = inputs.map((input, at) => {
    const speller = buildSpeller(spec, input)
    if (speller?.derived.length !== 1) return undefined
    return cells.map((row) => spell(speller, row[at] ?? null, spec))
  })
  if (!spelled.some(Boolean)) return {}
  const rows = cells.map((_, row) => inputs.map(({ example }, at) => spelled[at]?.[row] ?? example))
  const X = preprocessor.transform(frameOfCells(inputs, rows))
  const isAlike = (at: number, row: number) => {
    const [made, stored] = [rowOf(X, row), rowOf(background, row)]
    return made.every((value, j) => inputOf[j] !== at || Object.is(value, stored[j]))
  }
  return Object.fromEntries(
    inputs.flatMap(({ name }, at) => {
      const texts = spelled[at]
      return texts ? [[name, texts.map((text, row) => (isAlike(at, row) ? text : null))]] : []
    }),
  )
}

/** A cell that stands for infrequent categories is any of them. */
function spell(speller: Speller, cell: Cell, { steps }: PreprocessorSpec): string | null {
  const { chain = [] } = steps.find(({ column }) => column === speller.derived[0]) ?? {}
  const infrequent = chain.flatMap((own) =>
    own.kind === 'one_hot_encoder' ? own.infrequent.slice(0, 3) : [],
  )
  const wanted = cell === '(other)' ? infrequent : [cell]
  for (const one of wanted) {
    const text = speller.spell([one])
    if (text !== undefined) return text
  }
  return null
}
