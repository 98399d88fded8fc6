/** Archives of models: read in memory as their directory would be, and refused where they could do harm. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { readTar } from '../../src/model-directory/tar.ts'
import { shapserveHere } from '../command-here.ts'
import { REFERENCE, readFiles, writeFiles } from './model-files.ts'
import { mountVolume } from './volume.ts'

interface Entry {
  readonly name: string
  readonly data?: Uint8Array | string
  readonly kind?: string
  readonly size?: string
  readonly link?: string
}

/** A tar archive as written by hand, right but for what an entry says itself. */
function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.map(({ name, data = '', kind = '0', size, link = '' }) => {
    const bytes = Buffer.from(data)
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('0000644\0', 100)
    header.write(size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write(' '.repeat(8), 148)
    header.write(kind, 156)
    header.write(link, 157)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function write(t: Test, bytes: Uint8Array, name = 'model.tar.gz'): string {
  const path = join(t.testdir({}), name)
  writeFileSync(path, bytes)
  return path
}

const modelId = (await readModelDirectory(REFERENCE)).artifact.modelId
const model = [...readFiles(REFERENCE)].map(([name, data]): Entry => ({ name, data }))

t.test('archives of real programs hold the model of their directory', async (t) => {
  const base = t.testdir({})
  const forms = [
    ['model.tar.gz', ['-czf'], ['.']],
    ['model.tgz', ['--format=pax', '-czf'], ['.']],
    ['model.tar', ['--format=gnu', '-cf'], ['.']],
  ] as const
  for (const [name, flags, what] of forms) {
    execFileSync('tar', [...flags, join(base, name), '-C', REFERENCE, ...what])
    const { artifact, files } = await readModelDirectory(join(base, name))
    t.equal(artifact.modelId, modelId, name)
    for (const bytes of files.values()) t.ok(bytes.buffer instanceof SharedArrayBuffer)
  }
  const inspected = await shapserveHere(['inspect', join(base, 'model.tar.gz')])
  t.equal(inspected.status, 0, inspected.stderr)
})

t.test('an archive of SageMaker is served and imported', async (t) => {
  const golden = join(
    import.meta.dirname,
    '../fixtures/golden-import/xgb_sagemaker_1_7_binary.json',
  )
  const data = Buffer.from(JSON.parse(readFileSync(golden, 'utf8')).model.data, 'base64')
  const long = `code/${'a'.repeat(150)}.py`
  const path = write(
    t,
    gzipSync(
      tar([
        { name: '././@LongLink', kind: 'L', data: `${long}\0` },
        { name: 'code/a', data: 'x' },
        { name: './xgboost-model', data },
      ]),
    ),
  )
  const served = await readModelDirectory(path)
  const made = join(t.testdirName, 'made')
  const imported = await shapserveHere(['import', path, '--model-dir', made, '--json'])
  t.equal(imported.status, 0, imported.stderr)
  t.equal(JSON.parse(imported.stdout).model_id, served.artifact.modelId)
})

t.test('names of pax headers and long names of GNU are read', async (t) => {
  const name = 'n'.repeat(120)
  const record = (text: string) => `${text.length + 5} ${text}\n`
  const pax = { name: 'PaxHeaders/x', kind: 'x', data: record(`path=${name}`) }
  const gnu = { name: '././@LongLink', kind: 'L', data: `${name}\0` }
  for (const before of [pax, gnu]) {
    const pieces = async function* () {
      // Pieces of any length.
      const bytes = tar([before, { name: 'short', data: 'held' }, { name: 'other', data: 'more' }])
      for (let at = 0; at < bytes.length; at += 77) yield bytes.subarray(at, at + 77)
    }
    const { files } = await readTar(pieces())
    t.strictSame([...files.keys()], [name, 'other'])
    t.equal(files.get(name)?.toString(), 'held')
  }
})

t.test('what is refused, and how', async (t) => {
  const whole = tar(model)
  const bad = Buffer.from(whole)
  bad[3]! ^= 1
  const refused: readonly [string, Uint8Array, RegExp][] = [
    [
      'a link',
      gzipSync(tar([{ name: 'manifest.json', kind: '2', link: '/etc/passwd' }])),
      /"manifest.json" is a symbolic link; only files and folders are read/,
    ],
    ['a hard link', gzipSync(tar([{ name: 'a', kind: '1', link: 'b' }])), /"a" is a hard link/],
    ['a device', gzipSync(tar([{ name: 'a', kind: '3' }])), /"a" is a device/],
    ['another kind', gzipSync(tar([{ name: 'a', kind: 'S' }])), /"a" is of kind "S"/],
    [
      'an absolute path',
      gzipSync(tar([{ name: '/etc/passwd' }])),
      /"\/etc\/passwd" is no relative path/,
    ],
    ['a parent', gzipSync(tar([{ name: 'a/../../b' }])), /"a\/\.\.\/\.\.\/b" leads out of it/],
    ['a folder that is a parent', gzipSync(tar([{ name: '../x/', kind: '5' }])), /leads out of it/],
    ['a name twice', gzipSync(tar([{ name: 'a' }, { name: './a' }])), /has "a" twice/],
    [
      'a giant',
      gzipSync(tar([{ name: 'a', size: '7777777777777'.slice(0, 11) }])),
      /has 8589934591 bytes/,
    ],
    [
      'many bytes',
      gzipSync(tar([{ name: 'a', size: '10000000001\0' }])),
      /the archive's files have more than 1073741824 bytes/,
    ],
    [
      'a size that is none',
      gzipSync(tar([{ name: 'a', size: 'x'.repeat(11) }])),
      /a size in the archive is "xxxxxxxxxxx"/,
    ],
    [
      'a size of pax',
      gzipSync(tar([{ name: 'x', kind: 'x', data: '13 size=-500\n' }])),
      /has "size=-500"/,
    ],
    [
      'a pax header',
      gzipSync(tar([{ name: 'x', kind: 'x', data: '99 path=a\n' }])),
      /a pax header of the archive is damaged/,
    ],
    [
      'many entries',
      gzipSync(tar(Array.from({ length: 10_001 }, (_, i) => ({ name: `d/${i}` })))),
      /more than 10000 entries/,
    ],
    [
      'a bomb',
      gzipSync(
        Buffer.concat([
          tar([{ name: 'd/a', size: '17777777777\0' }]).subarray(0, 512),
          Buffer.alloc(2 ** 20),
        ]),
      ),
      /the archive is cut/,
    ],
    ['a damaged header', gzipSync(bad), /the archive is damaged, or no tar/],
    [
      'half an archive',
      gzipSync(whole).subarray(0, 2000),
      /is cut, damaged or not gzip|the archive is cut/,
    ],
    ['no gzip', whole, /is cut, damaged or not gzip/],
    [
      'an empty file',
      new Uint8Array(),
      /is cut, damaged or not gzip|has no manifest.json|is empty/,
    ],
    [
      'a model too deep',
      gzipSync(tar(model.map(({ name, data = '' }) => ({ name: `model/${name}`, data })))),
      /has no manifest.json; there is a model in its folder "model\/"; pack what is in that folder/,
    ],
    [
      'a model without a file',
      gzipSync(tar(model.filter(({ name }) => name !== 'model.safetensors'))),
      /model.safetensors" is missing, the manifest names it/,
    ],
  ]
  for (const [what, bytes, message] of refused)
    await t.rejects(readModelDirectory(write(t, bytes)), { name: 'ArtifactError', message }, what)
  t.equal((await readModelDirectory(write(t, gzipSync(whole)))).artifact.modelId, modelId)
  t.ok(gunzipSync(gzipSync(whole)).equals(whole))
})

t.test('links of mounted volumes are followed inside the directory, no others', async (t) => {
  const path = t.testdir({})
  const files = readFiles(REFERENCE)
  writeFiles(join(path, '..2026_11_28'), files)
  symlinkSync('..2026_11_28', join(path, '..data'))
  for (const name of files.keys()) symlinkSync(`..data/${name}`, join(path, name))
  const loaded = await readModelDirectory(path)
  t.equal(loaded.artifact.modelId, modelId)
  t.strictSame(loaded.extraFiles, [], 'what the volume is made of is no news')
  t.equal(readlinkSync(join(path, '..data')), '..2026_11_28')

  const other = join(path, 'other')
  mkdirSync(other)
  for (const [target, message] of [
    [
      '../..data/manifest.json',
      /"manifest.json" is a symbolic link out of the directory, to "[^"]*manifest.json"; put the file itself there/,
    ],
    ['nowhere', /"manifest.json" is a symbolic link that leads nowhere/],
    ['manifest.json', /"manifest.json" is a symbolic link that leads nowhere/],
  ] as const) {
    const own = join(other, target.replaceAll('/', '-'))
    mkdirSync(own)
    symlinkSync(target.startsWith('..') ? `../${target}` : target, join(own, 'manifest.json'))
    await t.rejects(readModelDirectory(own), { message })
  }
})

t.test(
  'volumes as a kubelet lays them out: plain, projected into folders, and updated',
  async (t) => {
    const path = t.testdir({})
    const files = readFiles(REFERENCE)
    const below = [...files].map(([name, bytes]) => [`models/current/${name}`, bytes] as const)
    const archive: [string, Uint8Array] = ['model.tar.gz', gzipSync(tar(model))]
    mountVolume(path, '..2026_11_28_21_44_22.123456789', new Map([...files, ...below, archive]))
    for (const name of ['', 'models/current', 'model.tar.gz', '..data/model.tar.gz']) {
      const loaded = await readModelDirectory(join(path, name))
      t.equal(loaded.artifact.modelId, modelId, name)
    }
    // Another model takes its place by one renaming; links of what is gone lead nowhere.
    const other = readFiles(join(import.meta.dirname, '../fixtures/format-1'))
    mountVolume(path, '..2026_11_28_21_45_00.987654321', other)
    t.not((await readModelDirectory(path)).artifact.modelId, modelId)
    await t.rejects(readModelDirectory(join(path, 'model.tar.gz')), { code: 'missing' })
  },
)

t.test('a directory that holds an archive, or a model in a folder, says so', async (t) => {
  const path = t.testdir({})
  writeFileSync(join(path, 'model.tar.gz'), gzipSync(tar(model)))
  await t.rejects(readModelDirectory(path), {
    message: new RegExp(
      `has no manifest.json; it holds "model.tar.gz": an archive is named itself, such as "${path}/model.tar.gz"`,
    ),
  })
  writeFiles(join(path, 'a', '1'), readFiles(REFERENCE))
  await t.rejects(readModelDirectory(join(path, 'a')), {
    message: new RegExp(`there is a model in "${path}/a/1"$`),
  })
})
