/** XGBoost's models: which bytes they are, and what they are made into. */
import { viewOfCodes } from '../category-sets.ts'
import { createEnsembleBuilder } from '../ensemble-builder.ts'
import {
  checkNames,
  type ImportedColumn,
  type ImportedModel,
  type Importer,
  invalid,
  type ReadOptions,
} from '../imported-model.ts'
import { parseJsonDocument } from '../json-document.ts'
import { parseUbjson } from '../ubjson.ts'
import { findBinaryHeader, readBinaryParts } from './binary-parts.ts'
import { NOT_BELIEVED } from './categories.ts'
import { readDocumentParts } from './document-parts.ts'
import { readMargins } from './margins.ts'
import type { XgboostParts } from './parts.ts'
import { chooseRounds } from './rounds.ts'

/** How much of a file is searched for a word. */
const SEARCHED = 2 ** 20

export const xgboost: Importer = {
  title: "XGBoost's JSON, UBJSON and binary files",
  recognises(bytes) {
    if (findBinaryHeader(bytes) !== undefined) return true
    const head = new TextDecoder('latin1').decode(new Uint8Array(bytes.subarray(0, SEARCHED)))
    return /^\s*\{/.test(head) && /learner|gradient_booster/.test(head)
  },
  read: (bytes, options) => buildModel(readParts(bytes), options),
}

function readParts(bytes: Uint8Array): XgboostParts {
  const start = findBinaryHeader(bytes)
  if (start !== undefined) return readBinaryParts(bytes, start)
  const isText =
    bytes[0] !== 0x7b || [0x22, 0x7d, 0x20, 0x0a, 0x0d, 0x09].includes(bytes[1] ?? 0x22)
  return readDocumentParts(isText ? parseJsonDocument(bytes) : parseUbjson(bytes))
}

function buildModel(parts: XgboostParts, options: ReadOptions): ImportedModel {
  const { link, outputs, base, needsClasses } = readMargins(parts)
  const { rounds, trees } = chooseRounds(parts, outputs, options)
  if (trees === 0) throw invalid('it has no tree')
  const isVector = parts.leafSize > 1
  if (isVector && parts.leafSize !== outputs)
    throw invalid(`its leaves have ${parts.leafSize} values for ${outputs} scores`)
  const taken = parts.trees.slice(0, trees)
  const builder = createEnsembleBuilder({
    features: parts.features,
    width: isVector ? outputs : 1,
    hasCovers: taken.every(({ cover }) => cover !== undefined),
  })
  taken.forEach((tree, i) => {
    const weight = Math.fround(parts.weights?.[i] ?? 1)
    const leaf = (node: number, out: Float64Array) => {
      tree.leaf(node, out)
      for (let k = 0; k < out.length; k++) out[k] = out[k]! * weight
    }
    const view = (node: number) => {
      const codes = tree.codes.get(node)
      // The listed categories go right, all others left.
      return codes && viewOfCodes('codes_right', codes, `tree ${i}, node ${node}`)
    }
    builder.add({ ...tree, leaf, view }, i)
  })
  const output = Int32Array.from({ length: trees }, (_, i) => parts.groups[i]!)
  if (!isVector && output.some((own) => own < 0 || own >= outputs))
    throw invalid(`tree_info names a class beyond its ${outputs}`)
  const arrays = builder.finish()
  return {
    library: 'xgboost',
    libraryVersion: parts.version[0] === 0 ? undefined : parts.version.join('.'),
    estimator: 'gradient_boosting',
    spec: {
      kind: 'trees',
      ...arrays,
      ...(isVector || outputs === 1 ? {} : { output }),
      outputs,
      link,
      vote: 'soft',
      comparison: '<',
      precision: 'float32',
      aggregation: 'sum',
      base,
    },
    columns: describeColumns(parts),
    classCount: link === 'logit' ? 2 : outputs,
    needsClasses,
    params: { objective: parts.objective, booster: parts.booster, rounds, trees },
    notes: [
      'the file does not say which number counted as missing in training besides an empty value; if there was one, pass --missing',
      ...(arrays.cover
        ? []
        : [
            'its leaves are vectors without the weights of training rows: it explains against --background only',
          ]),
    ],
  }
}

/** Names, and which columns are categories: what the file says, or else what its splits do. */
function describeColumns(parts: XgboostParts): ImportedColumn[] {
  const { features, names, isCategory, categories } = parts
  checkNames(names, 'learner.feature_names')
  const codes = new Map<number, number>()
  const numbers = new Set<number>()
  for (const tree of parts.trees) {
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.left[node]! < 0) continue
      const own = tree.codes.get(node)
      const feature = tree.feature[node]!
      if (!own) {
        numbers.add(feature)
        continue
      }
      let most = codes.get(feature) ?? 0
      for (let i = 0; i < own.length; i++) most = Math.max(most, own[i]! + 1)
      codes.set(feature, most)
    }
  }
  return Array.from({ length: features }, (_, feature) => {
    const name = names[feature] ?? `f${feature}`
    const isOfCodes = codes.has(feature) || isCategory[feature] === true
    if (!isOfCodes) return { name }
    if (numbers.has(feature))
      throw invalid(`feature ${feature} is split as a number and as a category`)
    const column = { name, codes: codes.get(feature) ?? 0 }
    const named = categories[feature]
    if (named !== NOT_BELIEVED) return { ...column, categories: named }
    return {
      ...column,
      whyUnnamed: 'because XGBoost cuts names with letters beyond ASCII when it saves them',
    }
  })
}
