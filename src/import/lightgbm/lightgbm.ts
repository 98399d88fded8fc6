/** Models of LightGBM, as `save_model` writes them. Fields: microsoft/LightGBM `src/boosting/gbdt_model_text.cpp`. */
import { countCodes } from '../coded-columns.ts'
import { createEnsembleBuilder } from '../ensemble-builder.ts'
import {
  badFlag,
  type ImportedModel,
  type Importer,
  invalid,
  MAX_CLASSES,
  MAX_COLUMNS,
  type ReadOptions,
  unsupported,
} from '../imported-model.ts'
import { decodeText } from '../json-document.ts'
import { readColumns } from './columns.ts'
import { readObjective } from './objective.ts'
import { cutBlocks } from './text-blocks.ts'
import { readTree } from './tree.ts'

const HEAD = 'tree'
/** Versions of the text's form; all say what is read in the same words. */
const VERSIONS = ['v2', 'v3', 'v4']

export const lightgbm: Importer = {
  title: "LightGBM's text files",
  recognises: (bytes) => /^tree\r?\n/.test(String.fromCharCode(...bytes.subarray(0, 6))),
  read: (bytes, options) => readLightgbm(decodeText(bytes), options),
}

/**
 * Returns the model in a LightGBM text.
 * @throws ArtifactError `invalid` or `foreign`; InputError `invalid_parameter` for options of other libraries
 */
export function readLightgbm(text: string, { rounds }: ReadOptions): ImportedModel {
  if (rounds !== undefined)
    throw badFlag('--rounds is for XGBoost; LightGBM saves the rounds that count')
  if (!text.startsWith(HEAD)) throw invalid('it does not begin with the line "tree"')
  const model = cutBlocks(text)
  const { header, settings } = model
  const version = header.has('version') ? header.text('version') : 'none'
  if (!VERSIONS.includes(version))
    throw unsupported(
      `its form is ${JSON.stringify(version.slice(0, 64))}; ${VERSIONS.join(', ')} are read`,
    )
  const { name, link, scale, classes } = readObjective(header)
  const outputs = header.whole('num_tree_per_iteration', 1, MAX_CLASSES)
  if (outputs !== (link === 'logit' ? 1 : classes))
    throw invalid(`objective ${name} of ${classes} classes with ${outputs} trees per iteration`)
  const features = header.whole('max_feature_idx', 0, MAX_COLUMNS - 1) + 1
  if (model.trees.length === 0) throw invalid('it has no tree')
  if (model.trees.length % outputs !== 0)
    throw invalid(`${model.trees.length} trees are no rounds of ${outputs}`)
  const trees = model.trees.map(readTree)
  const builder = createEnsembleBuilder({
    features,
    width: 1,
    hasCovers: trees.every(({ cover }) => cover !== undefined),
  })
  trees.forEach(builder.add)
  const arrays = builder.finish()
  const isMean = header.has('average_output')
  return {
    library: 'lightgbm',
    estimator: isMean ? 'random_forest' : 'gradient_boosting',
    spec: {
      kind: 'trees',
      ...arrays,
      ...(outputs === 1 ? {} : { output: Int32Array.from(trees, (_, i) => i % outputs) }),
      outputs,
      link,
      vote: 'soft',
      comparison: '<=',
      precision: 'float64',
      aggregation: isMean ? 'mean' : 'sum',
      ...(scale === 1 ? {} : { scale }),
      base: new Float64Array(outputs),
    },
    columns: readColumns(model, countCodes(arrays, features)),
    classCount: classes,
    needsClasses:
      name === 'cross_entropy'
        ? 'objective cross_entropy is a regression of shares; if they are classes, name both with --classes'
        : undefined,
    params: {
      objective: name,
      booster: settings.get('boosting') ?? (isMean ? 'rf' : 'gbdt'),
      rounds: trees.length / outputs,
      trees: trees.length,
      form: version,
    },
    notes: arrays.cover
      ? []
      : [
          'it does not say how many training rows reached its nodes: it explains against --background only',
        ],
  }
}
