/** The archive of a model: the same bytes for the same files, and what is read back. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { readTar } from '../../src/model-directory/tar.ts'
import { packTarGz } from '../../src/model-directory/write-tar.ts'
import { checkpoint } from '../helper.ts'

async function* pieces(bytes: Uint8Array) {
  yield bytes
}

t.test('what is packed is what is unpacked, whatever the order', async (t) => {
  const name = fc.stringMatching(/^[a-z0-9_][a-z0-9_.]{0,98}$/)
  const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 1100 })), {
    selector: ([own]) => own,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(files, async (entries) => {
      const packed = packTarGz(new Map(entries))
      t.same(packTarGz(new Map(entries.toReversed())), packed)
      const { files: read, below } = await readTar(pieces(gunzipSync(packed)))
      t.equal(below.length, 0)
      t.same(
        [...read].map(([own, bytes]) => [own, [...bytes]]).sort(),
        entries.map(([own, bytes]) => [own, [...bytes]]).sort(),
      )
    }),
    { numRuns: 50 },
  )
})

t.test('the bytes are those of every machine', async (t) => {
  const manifest = await readFile(join(checkpoint, 'preprocessor.json'))
  const packed = packTarGz(new Map([['a.txt', Buffer.from('a\n'.repeat(1000))]]))
  t.equal(
    createHash('sha256').update(packed).digest('hex'),
    '2bf0a1050d24190ac2dd3ffcc1c18cfe9c7f7e4c2a31007e612f50e09e626fee',
    'nothing of a clock, a user or a library of the system is in it',
  )
  t.same([...packed.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], 'no time')
  t.ok(packTarGz(new Map([['preprocessor.json', manifest]])).length < manifest.length)
})

t.test('a name that a header has no room for is refused', async (t) => {
  for (const name of ['a'.repeat(101), 'a/b', 'é'.repeat(51)])
    t.throws(() => packTarGz(new Map([[name, new Uint8Array()]])), { code: 'invalid' })
})
