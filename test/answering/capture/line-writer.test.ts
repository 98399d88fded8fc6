/** Lines of captured requests: both engines write what JSON.stringify says, whatever lengths the pieces have. */
import fc from 'fast-check'
import t from 'tap'
import { createLineKernel } from '../../../src/answering/capture/line-kernel.ts'
import {
  type Constant,
  constant,
  createLineWriter,
} from '../../../src/answering/capture/line-writer.ts'

const engines = ['wasm', 'reference'] as const

type Piece =
  | { kind: 'constant'; piece: Constant }
  | { kind: 'plain' | 'text' | 'bytes'; text: string }

function textOf(piece: Piece): string {
  if (piece.kind === 'constant') return piece.piece.bytes.toString()
  return piece.kind === 'plain' ? piece.text : JSON.stringify(piece.text).slice(1, -1)
}

/** Returns a writer and what it has handed on so far: texts, and how many lines each was said to be. */
function open(engine: (typeof engines)[number]) {
  const texts: string[] = []
  const counts: number[] = []
  const writer = createLineWriter((bytes, lines) => {
    texts.push(Buffer.from(bytes).toString())
    counts.push(lines)
  }, engine)
  const write = (pieces: readonly Piece[]) => {
    for (const piece of pieces) {
      if (piece.kind === 'constant') writer.sink.constant(piece.piece)
      else if (piece.kind === 'plain') writer.sink.plain(piece.text)
      else writer.sink.escaped(piece.kind === 'text' ? piece.text : Buffer.from(piece.text))
    }
    writer.sink.plain('\n')
    writer.endLine()
  }
  return { texts, counts, writer, write }
}

/** Few kinds of characters, so that those that are escaped stand close together and apart. */
const unit = fc.oneof(
  fc.constantFrom(...'"\\\n\r\t\b\f\0\x01\x1f\x7f a,€é😀'),
  fc.constantFrom(...'abcdefgh'),
  fc.constantFrom('"', ','),
)
const short = fc.string({ unit, maxLength: 70 })
const long = fc
  .tuple(short, fc.integer({ min: 1, max: 4000 }))
  .map(([text, times]) => text.repeat(times).slice(0, 150_000))
const texts = fc.oneof({ arbitrary: short, weight: 20 }, { arbitrary: long, weight: 1 })
const constants = ['{"a":"', '","b":"', `${'x'.repeat(3000)}é`, 'y'.repeat(70_000)].map(constant)
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), piece: fc.constantFrom(...constants) }),
  fc.record({ kind: fc.constantFrom('plain', 'text', 'bytes'), text: texts }),
)
const lines = fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 40 })

for (const engine of engines)
  t.test(`pieces come back as they are, or as JSON has them: ${engine}`, async (t) => {
    t.equal(
      createLineKernel(1 << 16, engine).free > 0,
      engine === 'wasm',
      'the engine that is asked',
    )
    // Others take turns with it, and have the same constants.
    const other = open(engine)
    const { texts, counts, writer, write } = open(engine)
    fc.assert(
      fc.property(lines, fc.nat(40), (all, turn) => {
        texts.length = 0
        counts.length = 0
        for (const [i, pieces] of all.entries()) {
          write(pieces)
          if (i === turn) writer.flush()
          if (i % 3 === 0) other.write(pieces.slice(0, 2))
        }
        writer.flush()
        const expected = all.map((pieces) => `${pieces.map(textOf).join('')}\n`)
        t.ok(texts.join('') === expected.join(''), 'the same text', { diagnostic: false })
        let at = 0
        for (const [i, text] of texts.entries()) {
          const own = expected.slice(at, at + (counts[i] as number))
          t.ok(text === own.join(''), 'whole lines, as many as are said', { diagnostic: false })
          at += own.length
        }
        t.equal(at, all.length)
      }),
      { numRuns: 60 },
    )
  })

t.test('every byte of ASCII is escaped as JSON does it, at every place of a vector', async (t) => {
  for (const engine of engines) {
    const { texts, writer } = open(engine)
    let expected = ''
    for (let code = 0; code < 128; code++)
      for (let before = 0; before < 18; before++) {
        const text = `${'-'.repeat(before)}${String.fromCharCode(code)}${'"'.repeat(code % 3)}`
        writer.sink.escaped(text)
        expected += JSON.stringify(text).slice(1, -1)
      }
    writer.endLine()
    writer.flush()
    t.ok(texts.join('') === expected, engine)
  }
})

t.test('bytes that are no UTF-8 are not taken', async (t) => {
  const { texts, writer } = open('wasm')
  t.equal(writer.sink.escaped(Buffer.from([0x61, 0xff])), false)
  t.equal(writer.sink.escaped(Buffer.from([0xe2, 0x82])), false, 'half a character')
  writer.sink.plain('z')
  writer.endLine()
  writer.flush()
  t.strictSame(texts, ['z'])
})

t.test('a text is escaped to six times its length without leaving its memory', async (t) => {
  for (const engine of engines) {
    const { texts, write } = open(engine)
    const pieces: Piece[] = Array.from({ length: 9 }, (_, i) => ({
      kind: i % 2 === 0 ? 'bytes' : 'text',
      text: '\x01'.repeat(65_536 - i),
    }))
    write(pieces)
    t.ok(texts.join('') === `${pieces.map(textOf).join('')}\n`, engine)
  }
})

t.test('what is laid out once is written as often as it stands in lines', async (t) => {
  const piece = constant('z'.repeat(3000))
  for (const engine of engines) {
    const { texts, counts, writer, write } = open(engine)
    for (let line = 0; line < 500; line++) write([{ kind: 'constant', piece }])
    writer.flush()
    t.ok(texts.join('') === `${'z'.repeat(3000)}\n`.repeat(500), engine)
    t.equal(
      counts.reduce((sum, count) => sum + count, 0),
      500,
    )
  }
})

t.test('a writer does not take the places of another for its own', async (t) => {
  const pieces = [constant('first'), constant('second')].map((piece): Piece => {
    return { kind: 'constant', piece }
  })
  const writers = [open('wasm'), open('wasm'), open('reference')]
  for (let round = 0; round < 9; round++)
    for (const [i, { write, writer }] of writers.entries()) {
      write(i === round % 3 ? pieces : pieces.toReversed())
      if ((round + i) % 2 === 0) writer.flush()
    }
  for (const [i, { texts, writer }] of writers.entries()) {
    writer.flush()
    const lines = Array.from({ length: 9 }, (_, round) =>
      i === round % 3 ? 'firstsecond\n' : 'secondfirst\n',
    )
    t.equal(texts.join(''), lines.join(''))
  }
})
