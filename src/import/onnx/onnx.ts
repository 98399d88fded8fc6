/** Classifiers in ONNX files: tree ensembles and linear models of ai.onnx.ml with the operators before them. */

import {
  badFlag,
  type ImportedColumn,
  type ImportedModel,
  type Importer,
  invalid,
  MAX_COLUMNS,
  type ReadOptions,
  unsupported,
} from '../imported-model.ts'
import { type FeatureSource, layOut, plainSources } from '../sources.ts'
import { readClassifier } from './classifiers.ts'
import { type OnnxGraph, type OnnxInput, type OnnxNode, readGraph } from './graph.ts'
import { applyOperator } from './operators.ts'
import { singlePrecisionOf } from './single-precision.ts'

const CLASSIFIERS = ['TreeEnsembleClassifier', 'LinearClassifier']
/** What may stand behind a classifier: it changes how answers are packed, or divides them by their sum. */
const BEHIND = [
  'ZipMap',
  'Identity',
  'Cast',
  'Normalizer',
  'Reshape',
  'ArrayFeatureExtractor',
  'LabelEncoder',
]

export const onnx: Importer = {
  title: 'ONNX files',
  recognises: (bytes) =>
    bytes[0] === 8 && (bytes[1] ?? 99) <= 32 && [0x12, 0x3a, 0x42].includes(bytes[2] ?? 0),
  read: (bytes, options) => readOnnx(readGraph(bytes), options),
}

function readOnnx(graph: OnnxGraph, { rounds, allowMissing }: ReadOptions): ImportedModel {
  if (rounds !== undefined) throw badFlag('--rounds is for XGBoost')
  const found = graph.nodes.filter(({ op }) => CLASSIFIERS.includes(op))
  const [node] = found
  if (!node || found.length > 1) {
    const other = graph.nodes.find(({ op }) => /(Classifier|Regressor|^TreeEnsemble)$/.test(op))
    const what = other && found.length === 0 ? `${other.where} is not read; ` : ''
    throw unsupported(
      `${what}the file has ${found.length} classifiers of ${CLASSIFIERS.join(' or ')}, expected 1`,
    )
  }
  const isNormalised = checkBehind(graph, node)
  const width = graph.inputs.length === 1 ? graph.inputs[0]?.width : undefined
  const isPlain = graph.inputs.some(({ name }) => name === node.inputs[0])
  const classifier = readClassifier(node, isPlain ? width : undefined, isNormalised)
  const columns = describeInputs(graph.inputs, classifier.features)
  const sources = evaluate(graph, node, columns)
  if (sources.length < classifier.features)
    throw invalid(`${node.where} takes ${classifier.features} features, it gets ${sources.length}`)
  const isTrees = classifier.spec.kind === 'trees'
  const acceptsMissing = isTrees && (classifier.knowsMissing || allowMissing === true)
  const taken = isTrees ? sources : sources.slice(0, classifier.features).map(singlePrecisionOf)
  const { pipeline, spec } = layOut(taken, classifier.spec, columns.length, acceptsMissing)
  return {
    library: 'onnx',
    estimator: classifier.estimator,
    spec,
    columns: columns.map(({ name }) => ({ name })),
    pipeline,
    classCount: classifier.classes.length,
    classes: classifier.classes,
    params: { objective: node.op, producer: graph.producer },
    notes: [
      ...(isTrees
        ? [
            'the file does not say how many training rows reached its nodes: it explains against --background only',
          ]
        : []),
      ...(isTrees && !acceptsMissing
        ? [
            'the file has no rule for missing values, which are refused; --allow-missing lets every one fail its comparisons',
          ]
        : []),
    ],
  }
}

interface Place extends ImportedColumn {
  /** The graph's input and the place in it. */
  readonly input: string
  readonly isText: boolean
}

/** Columns of the graph's inputs, one behind the other. */
function describeInputs(inputs: readonly OnnxInput[], features: number): Place[] {
  const columns = inputs.flatMap(({ name, width, isText }): Place[] => {
    const own = width ?? (inputs.length === 1 ? features : 1)
    if (own > MAX_COLUMNS)
      throw invalid(`the input ${JSON.stringify(name.slice(0, 64))} has ${own} numbers per row`)
    if (own === 1) return [{ name, input: name, isText }]
    return Array.from({ length: own }, (_, i) => ({ name: `${name}${i}`, input: name, isText }))
  })
  if (columns.length === 0 || columns.length > MAX_COLUMNS)
    throw invalid(`it has ${columns.length} columns`)
  return columns
}

/** Returns where the features of a classifier come from. */
function evaluate(
  graph: OnnxGraph,
  classifier: OnnxNode,
  columns: readonly Place[],
): readonly FeatureSource[] {
  const given = new Map(graph.inputs.map(({ name }) => [name, [] as FeatureSource[]]))
  for (const source of plainSources(columns.length))
    given.get(columns[source.input]!.input)!.push(source)
  const known = new Map<string, readonly FeatureSource[]>(given)
  const constants = new Map(graph.constants)
  const find = (node: OnnxNode, input: number) => {
    const found = known.get(node.inputs[input] ?? '')
    if (found) return found
    throw invalid(
      `${node.where} takes ${JSON.stringify((node.inputs[input] ?? '').slice(0, 64))}, which is not made before it`,
    )
  }
  // A file's nodes stand behind those whose outputs they take.
  for (const node of graph.nodes) {
    if (node === classifier) return find(node, 0)
    const output = node.outputs[0] ?? ''
    if (node.op === 'Constant') {
      const value = node.tensor('value') ?? Float64Array.from(node.wholes('value_ints'))
      constants.set(output, value)
      continue
    }
    if (!node.inputs.some((input) => known.has(input)))
      throw unsupported(`${node.where} is not read`)
    const made = applyOperator(node, {
      sources: (input) => find(node, input),
      constant: (input) => {
        const value = constants.get(node.inputs[input] ?? '')
        if (value) return value
        throw unsupported(`${node.where} takes places that are no constant, which is not read`)
      },
    })
    known.set(output, made)
  }
  throw invalid('its classifier is not reached')
}

/** Returns whether the probabilities are divided by their sum behind the classifier. */
function checkBehind(graph: OnnxGraph, classifier: OnnxNode): boolean {
  const behind = graph.nodes.slice(graph.nodes.indexOf(classifier) + 1)
  let isNormalised = false
  for (const node of behind) {
    if (!BEHIND.includes(node.op))
      throw unsupported(`${node.where} behind the classifier is not read`)
    if (node.op !== 'Normalizer') continue
    if (node.text('norm') !== 'L1')
      throw unsupported(`${node.where} with another norm than L1 is not read`)
    isNormalised = true
  }
  return isNormalised
}
