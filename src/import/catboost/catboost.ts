/** Models of CatBoost, as `save_model(format="json")` writes them. */

import type { Link } from '../../models/model.ts'
import { type Fields, fieldsOf } from '../document-fields.ts'
import { createEnsembleBuilder } from '../ensemble-builder.ts'
import {
  badFlag,
  checkNames,
  type ImportedModel,
  type Importer,
  invalid,
  MAX_CLASSES,
  type ReadOptions,
  unsupported,
} from '../imported-model.ts'
import { parseJsonDocument } from '../json-document.ts'
import { readFeatures, readParams } from './features.ts'
import { createSplitReader } from './splits.ts'
import { readTrees } from './trees.ts'

/** How much of a file is searched for a word. */
const SEARCHED = 2 ** 20

/** Links of the losses that give class probabilities. */
const LINKS: Readonly<Record<string, Extract<Link, 'logit' | 'softmax' | 'sigmoid_each'>>> = {
  Logloss: 'logit',
  CrossEntropy: 'logit',
  Focal: 'logit',
  MultiClass: 'softmax',
  MultiClassOneVsAll: 'sigmoid_each',
}

export const catboost: Importer = {
  title: "CatBoost's JSON",
  recognises(bytes) {
    const head = new TextDecoder('latin1').decode(new Uint8Array(bytes.subarray(0, SEARCHED)))
    return /^\s*\{/.test(head) && /"(oblivious_trees|features_info|scale_and_bias)"/.test(head)
  },
  read: (bytes, options) => readCatboost(fieldsOf(parseJsonDocument(bytes), ''), options),
}

function readCatboost(document: Fields, { rounds }: ReadOptions): ImportedModel {
  if (rounds !== undefined)
    throw badFlag('--rounds is for XGBoost; CatBoost saves the rounds that count')
  const info = document.object('model_info')
  const params = readParams(info)
  const loss = params.object('loss_function').text('type')
  const link = Object.hasOwn(LINKS, loss) ? LINKS[loss] : undefined
  if (!link) {
    const shown = /^[\w:.-]{1,64}$/.test(loss) ? loss : JSON.stringify(loss.slice(0, 64))
    throw unsupported(`loss ${shown} gives no class probabilities; shapserve serves classifiers`)
  }
  const { scale, bias } = readScale(document)
  const outputs = bias.length
  if (link === 'logit' ? outputs !== 1 : outputs < 2 || outputs > MAX_CLASSES)
    throw invalid(`loss ${loss} with ${outputs} scores`)
  const classCount = link === 'logit' ? 2 : outputs
  const classes = readClasses(info, classCount)
  const features = readFeatures(document)
  const trees = readTrees(document, outputs, createSplitReader(features))
  if (trees.length === 0) throw invalid('it has no tree')
  const hasCovers = trees.every(({ cover }) => cover !== undefined)
  const builder = createEnsembleBuilder({
    features: features.columns.length,
    width: outputs,
    hasCovers,
  })
  trees.forEach(builder.add)
  return {
    library: 'catboost',
    libraryVersion: readVersion(info),
    estimator: 'gradient_boosting',
    spec: {
      kind: 'trees',
      ...builder.finish(),
      outputs,
      link,
      vote: 'soft',
      comparison: '<=',
      precision: 'float32',
      aggregation: 'sum',
      ...(scale === 1 ? {} : { scale }),
      base: bias,
    },
    columns: features.columns,
    classCount,
    classes,
    params: {
      objective: loss,
      booster: document.has('oblivious_trees') ? 'symmetric trees' : 'trees',
      rounds: trees.length,
      trees: trees.length,
    },
    notes: hasCovers
      ? []
      : ['its leaves have no weights of training rows: it explains against --background only'],
  }
}

/** `[scale, [bias, …]]`, of older versions `[scale, bias]`. */
function readScale(document: Fields): { scale: number; bias: Float64Array } {
  const [scale, bias] = document.list('scale_and_bias')
  const list = typeof bias === 'number' ? [bias] : bias
  const numbers =
    list instanceof Float64Array || Array.isArray(list) ? Array.from<unknown>(list) : []
  if (typeof scale !== 'number' || !(scale > 0 && scale < Number.POSITIVE_INFINITY))
    throw invalid('scale_and_bias must begin with a number above 0')
  if (numbers.length === 0 || !numbers.every(Number.isFinite))
    throw invalid('scale_and_bias must hold finite numbers')
  return { scale, bias: Float64Array.from(numbers as number[]) }
}

/** Names of the classes in the order of their scores; absent where the labels were numbers from 0. */
function readClasses(info: Fields, count: number): string[] | undefined {
  if (!info.has('class_params') || info.isNull('class_params')) return undefined
  const params = info.object('class_params')
  if (params.isNull('class_names')) return undefined
  const names = Array.from(params.list('class_names'), (name) => {
    if (typeof name === 'string' || typeof name === 'number') return String(name)
    // As CatBoost's own predictions have them.
    if (typeof name === 'boolean') return name ? 'True' : 'False'
    throw invalid('class_names must hold texts, numbers or truths')
  })
  if (names.length === 0) return undefined
  if (names.length !== count) throw invalid(`it names ${names.length} classes for ${count}`)
  checkNames(names, 'class_names')
  return names
}

/** Of the library, where the lines about its build say it. */
function readVersion(info: Fields): string | undefined {
  if (!info.isText('catboost_version_info')) return undefined
  return /CatBoost release (\d+(?:\.\d+){1,3})/.exec(info.text('catboost_version_info'))?.[1]
}
