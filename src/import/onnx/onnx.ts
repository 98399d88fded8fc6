/** Classifiers in ONNX files: tree ensembles and linear models of ai.onnx.ml with the operators before them. */

import { ArtifactError } from '../../errors.ts'
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
import { applyDraft, type Draft, finishDraft, isDraft } from './drafts.ts'
import { type OnnxGraph, type OnnxInput, type OnnxNode, readGraph } from './graph.ts'
import { applyOperator } from './operators.ts'
import { readProbabilities, SCORERS } from './probabilities.ts'
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
  read(bytes, options) {
    const graph = readGraph(bytes)
    try {
      return readOnnx(graph, options)
    } catch (error) {
      throw graph.producer.startsWith('shapserve ') ? ofOwnExport(error) : error
    }
  },
}

/** An export has operators that no library writes. */
function ofOwnExport(error: unknown): unknown {
  if (!(error instanceof ArtifactError && error.code === 'foreign')) return error
  return unsupported(
    `${error.message}; shapserve exported this file, and does not read sets of categories, zeros as gaps, truths and merges back: serve the model directory that it was made of`,
  )
}

function readOnnx(graph: OnnxGraph, { rounds, allowMissing }: ReadOptions): ImportedModel {
  if (rounds !== undefined) throw badFlag('--rounds is for XGBoost')
  const found = graph.nodes.filter(({ op }) => CLASSIFIERS.includes(op))
  const scorer = found.length === 0 ? findScorer(graph) : undefined
  if (scorer) return describe(graph, scorer, allowMissing === true)
  const [node] = found
  if (!node || found.length > 1) {
    const other = graph.nodes.find(({ op }) => /(Classifier|Regressor|^TreeEnsemble)$/.test(op))
    const what = other && found.length === 0 ? `${other.where} is not read; ` : ''
    throw unsupported(
      `${what}the file has ${found.length} classifiers of ${CLASSIFIERS.join(' or ')}, expected 1`,
    )
  }
  return describe(graph, node, allowMissing === true)
}

/** The last operator that makes scores, where plain operators make probabilities of them. */
function findScorer({ nodes }: OnnxGraph): OnnxNode | undefined {
  return nodes.some(({ op }) => op === 'ArgMax')
    ? nodes.findLast(({ op }) => SCORERS.includes(op))
    : undefined
}

/** Returns the model that a node has the numbers of. */
function describe(graph: OnnxGraph, node: OnnxNode, allowMissing: boolean): ImportedModel {
  const isScorer = SCORERS.includes(node.op)
  const isNormalised = !isScorer && checkBehind(graph, node)
  const width = graph.inputs.length === 1 ? graph.inputs[0]?.width : undefined
  const isPlain = graph.inputs.some(({ name }) => name === node.inputs[0])
  const read = isScorer
    ? undefined
    : readClassifier(node, isPlain ? width : undefined, isNormalised)
  const columns = describeInputs(graph.inputs, read?.features ?? 1)
  const sources = evaluate(graph, node, columns)
  const classifier = read ?? readProbabilities(graph, node, sources.length)
  if (sources.length < classifier.features)
    throw invalid(`${node.where} takes ${classifier.features} features, it gets ${sources.length}`)
  const isTrees = classifier.spec.kind === 'trees'
  const acceptsMissing = isTrees && (classifier.knowsMissing || allowMissing)
  const own = sources.slice(0, classifier.features)
  const taken = isTrees ? sources : classifier.isDouble ? own : own.map(singlePrecisionOf)
  const { pipeline, spec } = layOut(taken, classifier.spec, columns.length, acceptsMissing)
  return {
    library: 'onnx',
    estimator: classifier.estimator,
    spec,
    columns: columns.map(({ name }) => ({ name })),
    pipeline: {
      ...pipeline,
      inputs: pipeline.inputs.map((input, i) => input && { ...input, isText: columns[i]!.isText }),
    },
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
  const drafts = new Map<string, Draft>()
  const doubles = new Set(graph.inputs.flatMap(({ name, isDouble }) => (isDouble ? [name] : [])))
  const isDouble = ({ input }: FeatureSource) => doubles.has(columns[input]!.input)
  const constants = new Map(graph.constants)
  const find = (node: OnnxNode, input: number) => {
    const name = node.inputs[input] ?? ''
    const draft = drafts.get(name)
    const found = draft ? finishDraft(node, draft) : known.get(name)
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
    if (!node.inputs.some((input) => known.has(input) || drafts.has(input)))
      throw unsupported(`${node.where} is not read`)
    const given = {
      sources: (input: number) => find(node, input),
      constant(input: number) {
        const value = constants.get(node.inputs[input] ?? '')
        if (value) return value
        throw unsupported(`${node.where} takes places that are no constant, which is not read`)
      },
      isDouble,
      draft: (input: number) => drafts.get(node.inputs[input] ?? ''),
      isConstant: (input: number) => constants.has(node.inputs[input] ?? ''),
    }
    const made = applyDraft(node, given) ?? applyOperator(node, given)
    if (isDraft(made)) drafts.set(output, made)
    else known.set(output, made)
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
