/** Columns of a CatBoost document: `features_info`. */
import { type Fields, fieldsOf } from '../document-fields.ts'
import {
  checkNames,
  type ImportedColumn,
  invalid,
  MAX_COLUMNS,
  unsupported,
} from '../imported-model.ts'
import { parseJsonText } from '../json-document.ts'

interface FloatFeature {
  /** Its place among all columns. */
  readonly flat: number
  readonly missingLeft: boolean
}

interface CategoricalFeature {
  readonly flat: number
  /** Codes by the hash of the category: places in `categories`. */
  readonly codes: ReadonlyMap<number, number>
  readonly categories: readonly string[]
}

export interface CatboostFeatures {
  readonly floats: readonly FloatFeature[]
  readonly categories: readonly CategoricalFeature[]
  readonly columns: readonly ImportedColumn[]
  /** Returns the columns of the CTR that a split's number belongs to, in words. */
  ctrs(splitIndex: number): string | undefined
}

/** What a split does with a missing value; a column without gaps in training compares it, which fails. */
const MISSING_LEFT: Readonly<Record<string, boolean>> = { AsIs: true, AsFalse: true, AsTrue: false }

/** CatBoost takes texts only, and this is what Python makes of a missing value. */
const MISSING = 'nan'

/** Returns the columns by their place; throws ArtifactError `invalid` or `foreign`. */
export function readFeatures(document: Fields): CatboostFeatures {
  const info = document.object('features_info')
  for (const kind of ['text_features', 'embedding_features'])
    if (!info.isNull(kind) && info.objects(kind).length > 0)
      throw unsupported(`the model has ${kind.replace('_', ' ')}, which are not read`)
  const listed = (key: string) => (info.isNull(key) ? [] : info.objects(key))
  const columns: ImportedColumn[] = []
  const place = (feature: Fields, column: Omit<ImportedColumn, 'name'>): number => {
    const flat = feature.whole('flat_feature_index', 0, MAX_COLUMNS - 1)
    if (columns[flat]) throw invalid(`${feature.where} has the place of another column`)
    columns[flat] = { name: nameOf(feature, flat), ...column }
    return flat
  }
  const floats = listed('float_features')
  const categorical = listed('categorical_features')
  const names = readHashes(listed('cat_features_hash'))
  const found = {
    floats: floats.map((feature) => ({
      flat: place(feature, {}),
      missingLeft: readMissing(feature),
    })),
    categories: categorical.map((feature) => {
      const own = readCategories(feature, names)
      const categories = [...own.keys()]
      const codes = new Map([...own.values()].map((hash, code) => [hash, code]))
      const flat = place(feature, {
        codes: codes.size,
        categories,
        missingCategory: own.has(MISSING) ? MISSING : undefined,
      })
      return { flat, codes, categories }
    }),
  }
  for (let flat = 0; flat < columns.length; flat++) columns[flat] ??= { name: String(flat) }
  checkNames(
    columns.map(({ name }) => name),
    'feature names',
  )
  const catNames = found.categories.map(({ flat }) => columns[flat]!.name)
  return { ...found, columns, ctrs: nameCtrs(info, floats, categorical, catNames) }
}

function nameOf(feature: Fields, flat: number): string {
  for (const key of ['feature_name', 'feature_id'])
    if (feature.has(key) && feature.text(key) !== '') return feature.text(key)
  return String(flat)
}

function readMissing(feature: Fields): boolean {
  const treatment = feature.has('nan_value_treatment')
    ? feature.text('nan_value_treatment')
    : 'AsIs'
  const known = Object.hasOwn(MISSING_LEFT, treatment) ? MISSING_LEFT[treatment] : undefined
  if (known !== undefined) return known
  throw invalid(`${feature.where}.nan_value_treatment is ${JSON.stringify(treatment.slice(0, 64))}`)
}

/** Names of categories by their hash; of all columns together. */
function readHashes(entries: readonly Fields[]): Map<number, string> {
  const names = new Map<number, string>()
  for (const entry of entries) {
    const hash = entry.whole('hash', -(2 ** 31), 2 ** 32) >>> 0
    if (names.has(hash)) throw invalid(`${entry.where} has the hash of another category`)
    names.set(hash, entry.text('value'))
  }
  return names
}

/**
 * Returns the hashes of a column's categories by their names: of those that splits ask for. Where none asks, the file
 * does not say which ones are its own, and all will do.
 */
function readCategories(feature: Fields, names: ReadonlyMap<number, string>): Map<string, number> {
  const values = feature.isNull('values') ? [] : Array.from(feature.numbers('values'))
  const hashes = values.length > 0 ? values.map((value) => value >>> 0) : [...names.keys()]
  const own = new Map<string, number>()
  for (const hash of hashes) {
    const name = names.get(hash)
    if (name === undefined) throw unnamed(feature)
    if (own.has(name)) throw invalid(`${feature.where} has a category twice`)
    own.set(name, hash)
  }
  if (own.size === 0) throw unnamed(feature)
  return own
}

function unnamed(feature: Fields) {
  return unsupported(
    `${feature.where}: the file does not name its categories; save it with save_model("model.json", format="json", pool=…) and the training data`,
  )
}

/** Numbers of splits count all borders of numbers, then all categories, then all borders of CTRs. */
function nameCtrs(
  info: Fields,
  floats: readonly Fields[],
  categorical: readonly Fields[],
  names: readonly string[],
): CatboostFeatures['ctrs'] {
  const count = (feature: Fields, key: string) =>
    feature.isNull(key) ? 0 : feature.numbers(key).length
  return (splitIndex) => {
    let end =
      floats.reduce((sum, feature) => sum + count(feature, 'borders'), 0) +
      categorical.reduce((sum, feature) => sum + count(feature, 'values'), 0)
    for (const ctr of info.isNull('ctrs') ? [] : info.objects('ctrs')) {
      end += count(ctr, 'borders')
      if (splitIndex >= end) continue
      const parts = ctr.objects('elements').map((element) => {
        const own = element.has('cat_feature_index')
          ? names[element.whole('cat_feature_index', 0, names.length - 1)]
          : undefined
        return own ?? 'a number'
      })
      return parts.join(' × ')
    }
    return undefined
  }
}

/** Returns the object of `model_info.params`, which older versions write as a text. */
export function readParams(info: Fields): Fields {
  if (!info.isText('params')) return info.object('params')
  return fieldsOf(parseJsonText(info.text('params')), 'model_info.params')
}
