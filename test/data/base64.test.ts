/** Base64, against Node's own. */
import fc from 'fast-check'
import t from 'tap'
import { decodeBase64 } from '../../src/data/base64.ts'

t.test('property: bytes come back', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const found = decodeBase64(Buffer.from(bytes).toString('base64'))
      return found !== undefined && Buffer.from(bytes).equals(Buffer.from(found))
    }),
  )
  t.end()
})

const refused = [
  '=',
  'a',
  'ab',
  'abc',
  'ab=',
  'abcd=',
  'ab==cd==',
  'ab-_',
  'ab c',
  'abcd\n',
  'é===',
]
for (const text of refused) {
  t.test(`${JSON.stringify(text)} is none`, (t) => {
    t.equal(decodeBase64(text), undefined)
    t.end()
  })
}

t.test('a text of 5 MB takes no stack', (t) => {
  t.equal(decodeBase64('abcd'.repeat(1_250_000))?.length, 3_750_000)
  t.equal(decodeBase64(`${'abcd'.repeat(1_250_000)}=`), undefined)
  t.end()
})
