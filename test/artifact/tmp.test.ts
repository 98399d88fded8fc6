import t from 'tap'
import { loadModelFiles, readModelDirectory } from '../../src/artifact/store.ts'
import { decodeFiles, encodeChanged, REFERENCE, readFiles, trainSmall } from './model-files.ts'

for (const [e, c] of [
  ['decision_tree', ['a', 'b', 'c']],
  ['logistic_regression', ['a', 'b']],
  ['logistic_regression', ['a', 'b', 'c']],
  ['random_forest', ['0', '1']],
] as const) {
  const a = await trainSmall(e, c)
  const files = encodeChanged(a)
  const s = performance.now()
  for (let i = 0; i < 100; i++) loadModelFiles(files)
  t.comment(
    e,
    c.length,
    (performance.now() - s) / 100,
    [...files].map(([n, b]) => n + ' ' + b.length).join(),
    a.preprocessor.inputs.length,
  )
  if (a.model.kind === 'linear') t.comment(a.model.coefficients, a.model.link)
}
const r = readFiles(REFERENCE)
t.equal(encodeChanged(decodeFiles(r)).get('manifest.json')?.length, r.get('manifest.json')?.length)
t.equal(decodeFiles(encodeChanged(decodeFiles(r))).modelId, decodeFiles(r).modelId)
