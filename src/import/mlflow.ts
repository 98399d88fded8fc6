/** MLflow's `MLmodel`: which file of a model directory holds the model, and what its columns are called. */
import { parseYaml } from '../data/yaml-text.ts'
import { type Fields, fieldsOf } from './document-fields.ts'
import { type ImportedModel, invalid, unsupported } from './imported-model.ts'
import { type Document, decodeText, parseJsonText } from './json-document.ts'

/** Where a flavour names its file, in the order in which they are looked for: `python_function` stands beside others. */
const FILE_KEYS: Readonly<Record<string, readonly string[]>> = {
  xgboost: ['data'],
  lightgbm: ['data'],
  catboost: ['data'],
  sklearn: ['pickled_model', 'data'],
  onnx: ['data'],
  spark: ['model_data'],
}

/** What `MLmodel` says. */
export interface MlflowModel {
  readonly file: string
  /** Whether that is a folder, which Spark saved. */
  readonly isFolder?: true
  /** The columns of the signature; absent where it has none, or a tensor. */
  readonly columns?: readonly string[]
  readonly usesBestRounds: boolean
}

/** @throws ArtifactError `invalid`, or `foreign` for flavours of other libraries */
export function readMlflow(bytes: Uint8Array): MlflowModel {
  const document = fieldsOf(readDocument(bytes), '')
  const flavors = document.object('flavors')
  const name = Object.keys(FILE_KEYS).find((own) => flavors.has(own))
  if (name === undefined)
    throw unsupported(
      `MLmodel has none of the flavours that are read: ${Object.keys(FILE_KEYS).join(', ')}`,
    )
  const flavor = flavors.object(name)
  const key = FILE_KEYS[name]!.find((own) => flavor.isText(own))
  if (key === undefined) throw invalid(`MLmodel: flavors.${name} names no file`)
  const file = flavor.text(key)
  if (!/^[\w-][\w.-]{0,254}$/.test(file))
    throw invalid(`MLmodel: flavors.${name}.${key} is no name of a file beside it`)
  const columns = readSignature(document)
  const isWrapper =
    flavor.isText('model_class') && /XGBClassifier$/.test(flavor.text('model_class'))
  return { file, isFolder: name === 'spark' || undefined, columns, usesBestRounds: isWrapper }
}

function readDocument(bytes: Uint8Array): Document {
  const text = decodeText(bytes)
  try {
    return parseYaml(text) as Document
  } catch (error) {
    throw invalid(`MLmodel is not YAML: ${(error as Error).message.split('\n')[0]?.slice(0, 200)}`)
  }
}

/** The inputs are a list in JSON, written as a text. */
function readSignature(document: Fields): string[] | undefined {
  if (!document.isObject('signature')) return undefined
  const signature = document.object('signature')
  if (!signature.isText('inputs')) return undefined
  const inputs = parseJsonText(signature.text('inputs'))
  if (!Array.isArray(inputs)) throw invalid('MLmodel: signature.inputs must be a list')
  const names = inputs.flatMap((input, i) => {
    const column = fieldsOf(input, `signature.inputs[${i}]`)
    return column.has('name') && column.text('type') !== 'tensor' ? [column.text('name')] : []
  })
  return names.length === inputs.length && names.length > 0 ? names : undefined
}

/**
 * Whether a signature names a model's columns. The model's own names in another order come before, because they say which
 * column is which, and so do scikit-learn's own, where it has some.
 */
export function takesSignature(
  { library, columns }: ImportedModel,
  names: readonly string[],
): boolean {
  const own = columns.map(({ name }) => name)
  if (names.length !== own.length) {
    throw unsupported(`the signature names ${names.length} columns, the model has ${own.length}`)
  }
  const known = new Set(own)
  if (names.every((name) => known.has(name))) return false
  return library !== 'scikit-learn' || own.every((name, i) => name === `x${i}`)
}
