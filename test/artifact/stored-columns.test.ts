/** Why columns were taken for what they are: stored with a model, read again, refused where it does not fit. */
import t from 'tap'
import { type Artifact, COLUMNS_FILE, MANIFEST_FILE } from '../../src/artifact/artifact.ts'
import { decodeArtifact } from '../../src/artifact/decode.ts'
import { decodeManifest } from '../../src/artifact/decode-manifest.ts'
import { encodeArtifact, withModelId } from '../../src/artifact/encode.ts'
import type { StoredColumn } from '../../src/artifact/stored-columns.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { loadCheckpoint } from '../helper.ts'
import { reload } from '../training/fit-table.ts'

const columns: readonly StoredColumn[] = [
  { column: 'PassengerId', role: 'id', reason: 'named like an identifier' },
  { column: 'Pclass', role: 'ordinal', reason: 'as asked' },
]

t.test('what is stored is read again, and is no part of the id', async (t) => {
  const { artifact } = await loadCheckpoint()
  const { modelId: _, ...parts } = { ...artifact, columns }
  const told = withModelId(parts, sha256)
  t.strictSame(reload(told).columns, columns)
  t.equal(told.modelId, withModelId({ ...parts, columns: undefined }, sha256).modelId)
  t.equal(reload(artifact).columns, undefined, 'a model of an older version has none')
})

t.test('of a wide table it stands beside the plan', async (t) => {
  const { artifact } = await loadCheckpoint()
  const long = columns.map((own) => ({ ...own, reason: 'x'.repeat(300_000) }))
  const files = encodeArtifact({ ...artifact, columns: long }, sha256)
  t.ok(files.has(COLUMNS_FILE))
  t.ok(files.get(MANIFEST_FILE)!.length < 2 ** 16)
  t.strictSame(reload({ ...artifact, columns: long }).columns, long)
  const { columns: none } = reload({
    ...artifact,
    training: { ...artifact.training, warnings: ['x'.repeat(600_000)] },
  })
  t.equal(none, undefined)
})

t.test('what does not fit the model is refused', async (t) => {
  const { artifact } = await loadCheckpoint()
  const refuse = (hostile: unknown, message: string) => {
    const files = encodeArtifact({ ...artifact, columns: hostile } as Artifact, sha256)
    const manifest = decodeManifest(files.get(MANIFEST_FILE)!, sha256)
    t.throws(() => decodeArtifact(manifest, files), {
      message: `manifest.json: ${message}`,
    })
  }
  const [own] = columns
  refuse([{ ...own, column: 'Cabin' }], 'columns[0]: the table had no column "Cabin"')
  refuse([own, own], 'columns[1] names "PassengerId" again')
  refuse([{ ...own, reason: 5 }], 'columns[0].reason must be a text')
  refuse(
    [{ ...own, role: '__proto__' }],
    'columns[0].role is "__proto__", expected numeric, ordinal, nominal, indicator, id, drop',
  )
  const files = encodeArtifact(artifact, sha256)
  const { json, ...rest } = decodeManifest(files.get(MANIFEST_FILE)!, sha256)
  for (const [value, message] of [
    [{}, 'columns must be a list'],
    [null, 'columns must be a list'],
    [[{ ...own, flag: 1 }], 'columns[0] has an unknown key "flag"'],
  ] as const)
    t.throws(
      () => decodeArtifact({ ...rest, json: new Map([...json, ['columns', value]]) }, files),
      { message: `manifest.json: ${message}` },
    )
})
