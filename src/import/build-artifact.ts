/** From a model of another library, and what a user says about it, to what a model directory holds. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import { zeros } from '../data/matrix.ts'
import { listNames, quote } from '../errors.ts'
import { kindOf } from '../models/index.ts'
import { buildPreprocessor } from '../preprocess/preprocessor.ts'
import { VERSION } from '../version.ts'
import { describeColumns, type NamedColumn } from './describe-columns.ts'
import { badFlag, checkNames, type ImportedColumn, type ImportedModel } from './imported-model.ts'
import type { ModelWords } from './model-words.ts'
import { describePipeline } from './pipeline.ts'
import { putClassLast } from './put-class-last.ts'

export type { ModelWords } from './model-words.ts'

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
  const { target, positiveClass, refuseUnknown = false } = words
  const columns = nameColumns(model.columns, words)
  const named = nameClasses(model, words.classes)
  const { spec, classes } = putClassLast(model.spec, named, positiveClass)
  const names = columns.map(({ name }) => name)
  if (model.pipeline && words.missing !== undefined)
    throw badFlag('--missing is for models without a pipeline, which says itself what is missing')
  const { preprocessor, plan } = model.pipeline
    ? describePipeline(model.pipeline, names, refuseUnknown)
    : describeColumns(columns, spec, { ...words, missing: words.missing ?? model.missing })
  const features = buildPreprocessor(preprocessor).featureNamesOut.length
  kindOf(spec).check(spec, { features, classes: classes.length })
  const { library, libraryVersion } = model
  return {
    estimator: model.estimator,
    engine: libraryVersion === undefined ? library : `${library} ${libraryVersion}`,
    params: model.params,
    plan: {
      target,
      ...(positiveClass === undefined ? {} : { positiveClass }),
      id: [],
      numeric: plan.numeric,
      ordinal: plan.ordinal,
      nominal: plan.nominal,
      derived: [],
      dropped: [],
      nullable: plan.nullable,
    },
    classes,
    numericClasses: classes.every(
      (name) => Number.isFinite(Number(name)) && String(Number(name)) === name,
    ),
    preprocessor,
    model: spec,
    training: { rows: 0, trainRows: 0, testRows: 0, sha256, seed: 0, warnings: [] },
    metrics: {},
    background: zeros(0, features),
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: zeros(0, preprocessor.inputs.length),
    },
    selfTest: [],
    versions: { shapserve: VERSION, [library]: libraryVersion ?? 'unknown' },
  }
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
    const { missingCategory, areTruths } = column
    return { name, categories: named, isCoded, missingCategory, areTruths }
  })
}

function nameCategories(
  { codes = 0, categories, whyUnnamed }: ImportedColumn,
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
    throw badFlag(
      `column ${at} has ${codes} category codes without names${whyUnnamed ? `, ${whyUnnamed}` : ''}; give --categories`,
    )
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
