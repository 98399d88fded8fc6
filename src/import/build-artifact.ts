/** From a model of another library, and what a user says about it, to what a model directory holds. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import { zeros } from '../data/matrix.ts'
import { listNames, quote } from '../errors.ts'
import { kindOf } from '../models/index.ts'
import type { TreesSpec } from '../models/model.ts'
import type { AnyTransformer } from '../preprocess/index.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import { VERSION } from '../version.ts'
import { badFlag, checkNames, type ImportedColumn, type ImportedModel } from './imported-model.ts'
import { putClassLast } from './put-class-last.ts'

/** What a user says of a model: what its file does not. */
export interface ModelWords {
  readonly target: string
  readonly columns?: readonly string[]
  readonly classes?: readonly string[]
  /** Of two classes the one whose probability is the score. */
  readonly positiveClass?: string
  /** Categories by their code, by the name of their column. */
  readonly categories?: ReadonlyMap<string, readonly (string | number)[]>
  /** The number that counted as missing in training. */
  readonly missing?: number
  readonly refuseUnknown?: boolean
}

interface NamedColumn {
  readonly name: string
  readonly categories?: readonly (string | number)[]
  /** Whether its numbers are codes already. */
  readonly isCoded?: boolean
  /** What a missing value is taken for. */
  readonly missingCategory?: string
}

/**
 * Returns the artifact of a model, without rows to explain against and without a self-test.
 * @param sha256 of the imported file
 * @throws InputError `invalid_parameter` naming the flag that does not fit the model or that it needs
 */
export function draftImport(
  model: ImportedModel,
  words: ModelWords,
  sha256: string,
): ArtifactParts {
  const { target, positiveClass, missing } = words
  const columns = nameColumns(model.columns, words)
  const named = nameClasses(model, words.classes)
  const { spec, classes } = putClassLast(model.spec, named, positiveClass)
  kindOf(spec).check(spec, { features: columns.length, classes: classes.length })
  const usual = usualNumbers(spec, columns.length)
  const { library, libraryVersion } = model
  const numbers = columns.filter(({ categories }) => !categories).map(({ name }) => name)
  return {
    estimator: model.estimator,
    engine: libraryVersion === undefined ? library : `${library} ${libraryVersion}`,
    params: model.params,
    plan: {
      target,
      ...(positiveClass === undefined ? {} : { positiveClass }),
      id: [],
      numeric: numbers.map((column) => ({ column, impute: 'none' })),
      ordinal: columns.flatMap(({ name: column, categories }) =>
        categories ? [{ column, categories, impute: 'own_level' as const }] : [],
      ),
      nominal: [],
      derived: [],
      dropped: [],
      nullable: columns.map(({ name }) => name),
    },
    classes,
    numericClasses: classes.every((name) => String(Number(name)) === name),
    preprocessor: {
      inputs: columns.map(({ name, categories }, feature) =>
        describeInput(name, categories, usual[feature]!, words),
      ),
      otherColumns: [],
      derived: [],
      steps: columns.map((column) => ({ column: column.name, chain: chainOf(column, missing) })),
    },
    model: spec,
    training: { rows: 0, trainRows: 0, testRows: 0, sha256, seed: 0, warnings: [] },
    metrics: {},
    background: zeros(0, columns.length),
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: zeros(0, columns.length),
    },
    selfTest: [],
    versions: { shapserve: VERSION, [library]: libraryVersion ?? 'unknown' },
  }
}

function describeInput(
  name: string,
  categories: NamedColumn['categories'],
  usual: number,
  { refuseUnknown }: ModelWords,
): InputColumn {
  if (!categories) return { name, type: 'number', nullable: true, example: usual }
  const [first = ''] = categories
  return {
    name,
    type: typeof first === 'number' ? 'number' : 'text',
    nullable: true,
    categories,
    ...(refuseUnknown ? { closed: true } : {}),
    example: first,
  }
}

function chainOf(
  { categories, isCoded, missingCategory }: NamedColumn,
  missing: number | undefined,
): readonly AnyTransformer[] {
  if (categories && !isCoded) {
    const encoder: AnyTransformer = { kind: 'ordinal_encoder', categories, missing: 'kept' }
    if (missingCategory === undefined) return [encoder]
    return [{ kind: 'impute_category', value: missingCategory }, encoder]
  }
  return missing === undefined ? [] : [{ kind: 'missing_number', value: missing }]
}

function nameColumns(columns: readonly ImportedColumn[], words: ModelWords): NamedColumn[] {
  const { columns: given, categories, target } = words
  if (given) {
    checkNames(given, '--columns', badFlag)
    if (given.length !== columns.length)
      throw badFlag(`--columns names ${given.length} columns, the model has ${columns.length}`)
  }
  const names = columns.map(({ name }, i) => given?.[i] ?? name)
  if (names.includes(target))
    throw badFlag(`the target ${quote(target)} is one of the columns; name another with --target`)
  const codesOf = new Map(columns.map(({ codes }, i) => [names[i]!, codes]))
  for (const name of categories?.keys() ?? []) {
    if (!codesOf.has(name)) throw badFlag(`--categories: the model has no column ${quote(name)}`)
    if (codesOf.get(name) === undefined)
      throw badFlag(`--categories: column ${quote(name)} holds numbers, not categories`)
  }
  return columns.map((column, i) => {
    const name = names[i]!
    if (column.codes === undefined) return { name }
    const named = nameCategories(column, name, i, categories?.get(name))
    const isCoded = column.cutsFractions && named.every((category, code) => category === code)
    return { name, categories: named, isCoded, missingCategory: column.missingCategory }
  })
}

function nameCategories(
  { codes = 0, categories }: ImportedColumn,
  name: string,
  at: number,
  given: readonly (string | number)[] | undefined,
): readonly (string | number)[] {
  if (given && categories && given.join('\n') !== categories.join('\n'))
    throw badFlag(
      `--categories: the file itself names those of column ${quote(name)}: ${listNames(categories)}`,
    )
  const found = given ?? categories
  if (!found)
    throw badFlag(`column ${at} has ${codes} category codes without names; give --categories`)
  checkNames(found, `categories of column ${quote(name)}`, badFlag)
  if (found.length === 0) throw badFlag(`column ${quote(name)} has no category`)
  if (found.length < codes)
    throw badFlag(
      `column ${quote(name)} has ${codes} category codes, ${found.length} categories are named`,
    )
  return found
}

function nameClasses(model: ImportedModel, given: readonly string[] | undefined): string[] {
  const { classCount, classes, needsClasses } = model
  if (!given) {
    if (needsClasses !== undefined) throw badFlag(needsClasses)
    if (classes) return [...classes]
    return Array.from({ length: classCount }, (_, k) => String(k))
  }
  checkNames(given, '--classes', badFlag)
  if (given.length !== classCount)
    throw badFlag(`--classes names ${given.length} classes, the model has ${classCount}`)
  return [...given]
}

/** Returns a number of every column to show and to test with: the median of what it is compared with. */
function usualNumbers({ feature, threshold }: TreesSpec, features: number): Float64Array {
  const limits = Array.from({ length: features }, (): number[] => [])
  feature.forEach((own, node) => {
    if (own >= 0) limits[own]!.push(threshold[node]!)
  })
  return Float64Array.from(limits, (own) => {
    own.sort((a, b) => a - b)
    const median = own[own.length >> 1] ?? 0
    return Math.abs(median) < 1e300 ? median + 0 : 0
  })
}
