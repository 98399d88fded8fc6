/** A tree ensemble as tensors and text, and back. What holds defaults only is not written. */
import { f64, i32, type Tensor, type TensorFile, u8 } from '../data/tensor.ts'
import { ArtifactError } from '../errors.ts'
import { valueWidth } from '../trees/ensemble.ts'
import { type ColumnView, viewKinds } from '../trees/views.ts'
import type { TreesSpec } from './model.ts'
import { readChoice, readTensor } from './stored.ts'

/** Returns the tensors and the text of an ensemble. */
export function storeTrees(spec: TreesSpec): TensorFile {
  const { cover, output, scale = 1, view, views } = spec
  return {
    metadata: new Map<string, string>([
      ['comparison', spec.comparison],
      ['precision', spec.precision],
      ['aggregation', spec.aggregation],
      ['link', spec.link],
      ['vote', spec.vote],
      ...(cover ? [] : [['cover', 'none'] as const]),
    ]),
    tensors: new Map<string, Tensor>([
      ['roots', i32(spec.roots)],
      ['feature', i32(spec.feature)],
      ['threshold', f64(spec.threshold)],
      ['left', i32(spec.left)],
      ['right', i32(spec.right)],
      ['missing_left', u8(spec.missingLeft)],
      ...(cover ? [['cover', f64(cover)] as const] : []),
      ['value', f64(spec.value, spec.feature.length, valueWidth(spec))],
      ['base', f64(spec.base)],
      ...(output ? [['output', i32(output)] as const] : []),
      ...(scale === 1 ? [] : [['scale', f64(Float64Array.of(scale))] as const]),
      ...(view && views ? storeViews(view, views) : []),
    ]),
  }
}

/** Per node its view; per view its kind (its place in `viewKinds`), its feature, and where its codes end. */
function storeViews(view: Int32Array, views: readonly ColumnView[]): [string, Tensor][] {
  const ends = new Int32Array(views.length)
  let end = 0
  views.forEach(({ codes }, i) => {
    end += codes.length
    ends[i] = end
  })
  const codes = new Uint8Array(end)
  views.forEach((own, i) => {
    codes.set(own.codes, ends[i]! - own.codes.length)
  })
  return [
    ['view', i32(view)],
    ['view_kind', u8(Uint8Array.from(views, ({ kind }) => viewKinds.indexOf(kind)))],
    ['view_feature', i32(Int32Array.from(views, ({ feature }) => feature))],
    ['view_end', i32(ends)],
    ['view_codes', u8(codes)],
  ]
}

/**
 * Reads what `storeTrees` made.
 * @throws ArtifactError `invalid` when something is missing, of a wrong type, or of another length than it must have
 */
export function restoreTrees(file: TensorFile): TreesSpec {
  const base = readTensor(file, 'base', 'F64').data
  const hasCover = !file.metadata.has('cover') || readChoice(file, 'cover', ['none']) !== 'none'
  return {
    kind: 'trees',
    roots: readTensor(file, 'roots', 'I32').data,
    ...(file.tensors.has('output') ? { output: readTensor(file, 'output', 'I32').data } : {}),
    feature: readTensor(file, 'feature', 'I32').data,
    threshold: readTensor(file, 'threshold', 'F64').data,
    left: readTensor(file, 'left', 'I32').data,
    right: readTensor(file, 'right', 'I32').data,
    missingLeft: readTensor(file, 'missing_left', 'U8').data,
    ...readViews(file),
    ...(hasCover ? { cover: readTensor(file, 'cover', 'F64').data } : {}),
    value: readTensor(file, 'value', 'F64').data,
    ...readScale(file),
    base,
    outputs: base.length,
    comparison: readChoice(file, 'comparison', ['<=', '<']),
    precision: readChoice(file, 'precision', ['float32', 'float64']),
    aggregation: readChoice(file, 'aggregation', ['mean', 'sum']),
    link: readChoice(file, 'link', ['identity', 'logit', 'softmax', 'one_vs_rest', 'sigmoid_each']),
    vote: readChoice(file, 'vote', ['soft', 'hard']),
  }
}

function readScale(file: TensorFile): Pick<TreesSpec, 'scale'> {
  if (!file.tensors.has('scale')) return {}
  const { data } = readTensor(file, 'scale', 'F64')
  if (data.length !== 1) throw invalid(`scale has ${data.length} numbers, expected 1`)
  return { scale: data[0]! }
}

function readViews(file: TensorFile): Pick<TreesSpec, 'view' | 'views'> {
  const names = ['view', 'view_kind', 'view_feature', 'view_end', 'view_codes']
  if (!names.some((name) => file.tensors.has(name))) return {}
  const view = readTensor(file, 'view', 'I32').data
  const kinds = readTensor(file, 'view_kind', 'U8').data
  const features = readTensor(file, 'view_feature', 'I32').data
  const ends = readTensor(file, 'view_end', 'I32').data
  const codes = readTensor(file, 'view_codes', 'U8').data
  const count = kinds.length
  if (count > view.length) throw invalid(`it has ${count} views for ${view.length} nodes`)
  if (features.length !== count || ends.length !== count)
    throw invalid(
      `it has ${count} kinds of views, ${features.length} features, ${ends.length} ends`,
    )
  if ((ends[count - 1] ?? 0) !== codes.length)
    throw invalid(`its views end at ${ends[count - 1] ?? 0} of ${codes.length} bytes of codes`)
  const views = Array.from(kinds, (number, i): ColumnView => {
    const kind = viewKinds[number]
    if (kind === undefined) throw invalid(`view ${i} has the unknown kind ${number}`)
    const start = ends[i - 1] ?? 0
    const end = ends[i]!
    if (start < 0 || end < start || end > codes.length)
      throw invalid(`the codes of view ${i} end at ${end}`)
    return { kind, feature: features[i]!, codes: codes.subarray(start, end) }
  })
  return { view, views }
}

function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the stored tree model is not valid: ${detail}`)
}
