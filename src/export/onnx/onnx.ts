/** A model with its preprocessing as an ONNX file, of operators of ai.onnx and ai.onnx.ml alone. */
import type { Artifact } from '../../artifact/artifact.ts'
import { InputError } from '../../errors.ts'
import { buildPreprocessor } from '../../preprocess/preprocessor.ts'
import { VERSION } from '../../version.ts'
import { addColumns, describeInputs, type InputForm, type InputSpec } from './columns.ts'
import { createGraph, type GraphBuilder } from './graph.ts'
import { addLink } from './links.ts'
import { addScores } from './scores.ts'
import { type Constant, int64s } from './tensors.ts'

/** Largest file: what protocol buffers hold. */
const MAX_BYTES = 2 ** 31 - 1
const FEATURES = 'features'

export interface OnnxExport {
  readonly bytes: Uint8Array
  readonly inputs: readonly {
    readonly name: string
    readonly type: string
    readonly width: number
  }[]
  /** Names of the class and of the probabilities: `label` and `probabilities`, or with underscores. */
  readonly outputs: readonly [label: string, probabilities: string]
  readonly featureNames: readonly string[]
}

/**
 * Returns an ONNX file that gives the class, [row], and the probabilities, [row][class], in doubles. The same model
 * gives the same bytes.
 * @param form what it takes: a tensor [row][1] of doubles or texts per column, or one of features
 * @throws InputError `invalid_option` for what ONNX cannot say, `too_large`
 */
export function exportOnnx(artifact: Artifact, form: InputForm): OnnxExport {
  const { preprocessor, model, classes, modelId, estimator, plan } = artifact
  const { featureNamesOut: featureNames } = buildPreprocessor(preprocessor)
  const width = featureNames.length
  const columns: readonly InputSpec[] =
    form === 'features' ? [] : describeInputs(preprocessor, form)
  const { graph, write } = createGraph(
    form === 'features' ? [FEATURES] : columns.map(({ name }) => name),
  )
  const features =
    form === 'features'
      ? graph.input(FEATURES, 'double', width)
      : addColumns(graph, columns, preprocessor)
  const scores = addScores(graph, model, features, width)
  const probabilities = addLink(graph, model.link, scores, classes.length)
  const outputs = [
    addLabel(graph, probabilities, classes),
    graph.output(probabilities, 'probabilities', 'double', ['rows', classes.length]),
  ] as const
  const bytes = write({
    producerVersion: VERSION,
    metadata: [
      ['model_id', modelId],
      ['estimator', estimator],
      ['target', plan.target],
      ['classes', JSON.stringify(classes)],
      ['feature_names', JSON.stringify(featureNames)],
    ],
  })
  if (bytes.length > MAX_BYTES)
    throw new InputError(
      'too_large',
      `the file would have ${bytes.length} bytes, ONNX holds ${MAX_BYTES}`,
    )
  return {
    bytes,
    inputs:
      form === 'features'
        ? [{ name: FEATURES, type: 'double', width }]
        : columns.map(({ name, type }) => ({
            name,
            type: type === 'text' ? 'string' : 'double',
            width: 1,
          })),
    outputs,
    featureNames,
  }
}

/** The most probable class, the first of equals: as a whole number where all classes are, otherwise as a text. */
function addLabel(graph: GraphBuilder, probabilities: string, classes: readonly string[]): string {
  const isWhole = classes.every((name) => {
    const value = Number(name)
    return Number.isSafeInteger(value) && String(value) === name
  })
  const names: Constant = isWhole
    ? int64s(classes.map(Number), [classes.length])
    : { type: 'string', values: classes, shape: [classes.length] }
  const place = graph.add('ArgMax', [probabilities], { axis: 1, keepdims: 0 })
  const label = graph.add('Gather', [graph.constant(names), place])
  return graph.output(label, 'label', isWhole ? 'int64' : 'string', ['rows'])
}
