/** The stages before a classifier: which column a feature of its vector is, and what becomes of a category. */
import type { OrdinalEncoder } from '../../preprocess/ordinal-encoder.ts'
import { checkNames, invalid, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import { notRead, refuseDamage, type SavedStage } from './saved-stage.ts'

/** What a StringIndexer makes of a column. */
interface Index {
  readonly column: string
  readonly labels: readonly string[]
  /** Whether what it does not know, and what is missing, has a code of its own behind the others. */
  readonly keeps: boolean
}

/** What stages make of a table. */
export interface Prepared {
  /** Indexes by the column that they are written to. */
  readonly indexes: Map<string, Index>
  /** Vectors by the column that they are written to. */
  readonly vectors: Map<string, { readonly columns: readonly string[]; readonly keeps: boolean }>
}

/** Every stage that is read, without its package, and what it adds. */
const stages: Readonly<Record<string, (stage: SavedStage, made: Prepared) => void>> = {
  StringIndexerModel(stage, { indexes }) {
    const [inputs, outputs] = [columnsOf(stage, 'input'), columnsOf(stage, 'output')]
    const lists = readLabels(stage)
    if (inputs.length !== outputs.length || inputs.length !== lists.length)
      throw notRead(stage, `has ${inputs.length} columns and labels of ${lists.length}`)
    const keeps = stage.params.text('handleInvalid') === 'keep'
    inputs.forEach((column, i) => {
      checkNew(stage, column, outputs[i]!)
      if (indexes.has(column)) throw notRead(stage, 'of what another stage made is not read')
      indexes.set(outputs[i]!, { column, labels: lists[i]!, keeps })
    })
  },
  VectorAssembler(stage, { vectors }) {
    const columns = stage.params.find('inputCols')?.texts('inputCols') ?? []
    if (columns.length > MAX_COLUMNS) throw invalid(`a vector of ${columns.length} columns`)
    for (const column of columns)
      if (vectors.has(column)) throw notRead(stage, 'of another vector is not read')
    const keeps = stage.params.text('handleInvalid') === 'keep'
    vectors.set(stage.params.text('outputCol'), { columns, keeps })
  },
}

/** Adds what a stage makes; throws ArtifactError `foreign` naming one that is not read. */
export function applyStage(stage: SavedStage, made: Prepared): void {
  const name = /^org\.apache\.spark\.ml\.feature\.(\w+)$/.exec(stage.className)?.[1] ?? ''
  const apply = Object.hasOwn(stages, name) ? stages[name] : undefined
  if (!apply) throw notRead(stage)
  apply(stage, made)
}

/** Returns the names of the columns of a vector, and every feature as what is made of one. */
export function featuresOf(
  made: Prepared,
  vector: string,
  features: number,
): { columns: string[]; sources: FeatureSource[] } {
  const found = made.vectors.get(vector)
  if (!found)
    throw unsupported(
      `no VectorAssembler makes the column ${JSON.stringify(vector.slice(0, 64))} that the classifier takes`,
    )
  if (found.columns.length !== features)
    throw unsupported(
      `VectorAssembler takes ${found.columns.length} columns, the classifier has ${features} features: a column that is a vector itself is not read`,
    )
  const columns: string[] = []
  const placeOf = new Map<string, number>()
  const sources = found.columns.map((name): FeatureSource => {
    const index = made.indexes.get(name)
    const column = index?.column ?? name
    const input = placeOf.get(column) ?? columns.push(column) - 1
    placeOf.set(column, input)
    const own = { input, level: 0, isLevel: false }
    if (!index) return { ...own, chain: [], closed: false, refusesMissing: !found.keeps }
    const { labels, keeps } = index
    const rules = keeps
      ? { missing: labels.length, unknown: labels.length }
      : { missing: 'kept' as const }
    const encoder: OrdinalEncoder = { kind: 'ordinal_encoder', categories: labels, ...rules }
    return { ...own, chain: [encoder], closed: !keeps, refusesMissing: !keeps }
  })
  return { columns, sources }
}

function checkNew(stage: SavedStage, column: string, output: string): void {
  if (column === output) throw notRead(stage, 'that replaces its column is not read')
}

/** Names of one or several columns. */
function columnsOf({ params }: SavedStage, what: 'input' | 'output'): string[] {
  const several = params.find(`${what}Cols`)
  return several ? several.texts(`${what}Cols`) : [params.text(`${what}Col`)]
}

/** Lists of labels by column: `labelsArray`, or before 3.0 `labels` of the only one. */
function readLabels(stage: SavedStage): string[][] {
  const lists: string[][] = []
  for (const part of stage.parquet('data')) {
    const { values, starts } = refuseDamage('data/ of StringIndexerModel', () =>
      part.read(part.paths.find((path) => path.startsWith('labels')) ?? 'labelsArray'),
    )
    for (let i = 0; i + 1 < starts.length; i++) {
      const own = values.slice(starts[i], starts[i + 1]) as string[]
      checkNames(own, 'labels of StringIndexerModel')
      lists.push(own)
    }
  }
  return lists
}
