/** The formats of other libraries' models that are read, and those that are recognised and refused. */

import { catboost } from './catboost/catboost.ts'
import { describeForeign } from './foreign-files.ts'
import {
  badFlag,
  type ImportedModel,
  type Importer,
  type ReadOptions,
  unsupported,
} from './imported-model.ts'
import { lightgbm } from './lightgbm/lightgbm.ts'
import { onnx } from './onnx/onnx.ts'
import { skops } from './skops/skops.ts'
import { xgboost } from './xgboost/xgboost.ts'

/** Every format by its name in `--format`. A new one is a file of its own and a line here. */
export const importers: Readonly<Record<string, Importer>> = {
  // Before XGBoost, some of whose words stand in CatBoost's files too.
  catboost,
  lightgbm,
  skops,
  onnx,
  xgboost,
}

/**
 * Returns the model in a file's bytes.
 * @param file its name, for messages
 * @param format a name of `importers`, or `auto`: whichever recognises the bytes
 * @throws ArtifactError or InputError with one line that says what is wrong and what would help
 */
export function readModelFile(
  bytes: Uint8Array,
  file: string,
  format: string,
  options: ReadOptions,
): ImportedModel {
  if (bytes.length === 0) throw unsupported(`${file} is empty`)
  const foreign = describeForeign(bytes, file)
  if (foreign !== undefined) throw unsupported(foreign)
  if (format === 'auto') {
    const found = Object.values(importers).find((importer) => importer.recognises(bytes))
    if (found) return found.read(bytes, options)
    const read = Object.values(importers).map(({ title }) => title)
    throw unsupported(`${file} is of no kind that is read; ${read.join(', ')} are`)
  }
  const named = Object.hasOwn(importers, format) ? importers[format] : undefined
  if (named) return named.read(bytes, options)
  throw badFlag(
    `--format is ${JSON.stringify(format)}, expected auto, ${Object.keys(importers).join(', ')}`,
  )
}
