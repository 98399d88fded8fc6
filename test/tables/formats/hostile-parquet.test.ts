/** Parquet files that announce more than they hold: refused before memory is taken for it. */
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { InputError } from '../../../src/errors.ts'
import { openParquet } from '../../../src/tables/formats/parquet.ts'
import { runs } from '../../effort.ts'
import { rawPage, type StoredColumn, varint, writeParquet } from '../../parquet.ts'

const MEGABYTE = 1 << 20
/** What a thread has here; the library alone takes about 30 MB of it. */
const HEAP = 96

const number = (value: number) => Buffer.from(varint(BigInt(value)))
const length = (bytes: Buffer) => {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(bytes.length)
  return Buffer.concat([prefix, bytes])
}
/** A run of so many ones of one byte each, or of one bit. */
const run = (count: number) => Buffer.concat([number(count * 2), Buffer.of(1)])
const packed = (groups: number) => Buffer.concat([number(groups * 2 + 1), Buffer.of(0xff)])
const text = length(Buffer.from('a'))
const [PLAIN, RLE, DELTA, LENGTHS, PREFIXES, CODES, SPLIT] = [0, 3, 5, 6, 7, 8, 9]
/** Numbers stored as differences: a block of 128, four parts of no bits, the first value and the differences. */
const deltas = (count: number, first: number, step: number) =>
  Buffer.concat([
    ...[128, 4, count, first * 2].map(number),
    ...Array.from({ length: Math.min(100, Math.ceil((count - 1) / 128)) }, () =>
      Buffer.concat([number(step * 2), Buffer.alloc(4)]),
    ),
  ])

const rows = 10
/** A file of ten rows with one column whose pages are these. */
function fileOf(
  type: StoredColumn['type'],
  pages: readonly Buffer[],
  rest: Partial<StoredColumn> & { readonly codec?: number; readonly rows?: number } = {},
): Buffer {
  const { codec, rows: count = rows, ...column } = rest
  const values = Array.from({ length: count }, () => null)
  const raw = codec === undefined ? { pages } : { pages, codec }
  return writeParquet([{ name: 'x', type, values, ...column, raw }])
}
const page = (encoding: number, values: Buffer, count = rows) =>
  rawPage(0, [count, encoding, RLE, RLE], Buffer.concat([length(run(count)), values]))
const dictionary = (count: number, entries: Buffer) => rawPage(2, [count, PLAIN], entries)

const codes = (runs: Buffer) => Buffer.concat([Buffer.of(8), runs])
const zeros = (count: number) => Buffer.concat([number(count * 2), Buffer.of(0)])
const packedZeros = (groups: number) =>
  Buffer.concat([number(groups * 2 + 1), Buffer.alloc(groups * 8)])
/** A page of the second version whose codes have no bits. */
const secondPage = (runs: Buffer) =>
  rawPage(3, [rows, 0, rows, CODES, 2, 0], Buffer.concat([run(rows), Buffer.of(0), runs]))
const packedPage = (bytes: Buffer) => rawPage(0, [rows, PLAIN, RLE, RLE], bytes, rows * 8 + 7)

const MANY = 2 ** 30
const doubles = Buffer.alloc(8 * rows)
const cases: readonly [name: string, file: Buffer][] = [
  ['a run of levels', fileOf('DOUBLE', [rawPage(0, [rows, PLAIN, RLE, RLE], length(run(MANY)))])],
  [
    'packed levels',
    fileOf('DOUBLE', [rawPage(0, [rows, PLAIN, RLE, RLE], length(packed(MANY - 1)))]),
  ],
  ['values of a page', fileOf('DOUBLE', [page(PLAIN, doubles, 2 ** 31 - 1)])],
  ['values of a short page', fileOf('DOUBLE', [page(PLAIN, doubles, 30_000_000)])],
  ['a run of codes', fileOf('BYTE_ARRAY', [dictionary(1, text), page(CODES, codes(run(MANY)))])],
  [
    'codes of no bits',
    fileOf('BYTE_ARRAY', [dictionary(1, text), secondPage(number(2 ** 28 + 1))]),
  ],
  ['a dictionary', fileOf('BYTE_ARRAY', [dictionary(30_000_000, text), page(CODES, run(1))])],
  ['a run of truth values', fileOf('BOOLEAN', [page(RLE, length(run(MANY)))])],
  [
    'split bytes',
    fileOf('FIXED_LEN_BYTE_ARRAY', [page(SPLIT, doubles)], {
      length: 2 ** 27,
      logical: [14, []],
    }),
  ],
  ['differences', fileOf('INT64', [page(DELTA, deltas(MANY, 0, 0))])],
  ['blocks of no size', fileOf('INT32', [page(DELTA, Buffer.from([0, 0, rows, 0, 0, 0, 0]))])],
  [
    'a code beyond the dictionary',
    fileOf('BYTE_ARRAY', [dictionary(1, text), page(CODES, codes(run(rows)))]),
  ],
  [
    'texts that share more than there is',
    fileOf('BYTE_ARRAY', [
      page(
        PREFIXES,
        Buffer.concat([deltas(rows, MANY, 0), deltas(rows, 1, 0), Buffer.alloc(rows, 'a')]),
      ),
    ]),
  ],
  [
    'texts of lengths below zero',
    fileOf('BYTE_ARRAY', [page(LENGTHS, Buffer.concat([...[128, 4, rows, 1, 1].map(number)]))]),
  ],
  [
    'an unpacked size',
    fileOf('DOUBLE', [rawPage(0, [rows, PLAIN, RLE, RLE], gzipSync(doubles), 2 ** 31 - 1)], {
      codec: 2,
    }),
  ],
  [
    'bytes of zstd',
    fileOf(
      'DOUBLE',
      [
        rawPage(
          0,
          [rows, PLAIN, RLE, RLE],
          // A frame of one run of 2^30 bytes, as its header says.
          Buffer.from('28b52ffda00000004003000000', 'hex'),
          87,
        ),
      ],
      { codec: 6 },
    ),
  ],
  [
    'lists in a page header',
    fileOf('DOUBLE', [
      // Lists within lists, each of which announces 30 million elements.
      Buffer.concat([
        Buffer.of(0x19),
        ...Array.from({ length: 60 }, () => Buffer.concat([Buffer.of(0xf9), number(30_000_000)])),
      ]),
    ]),
  ],
  [
    'lists in the footer',
    (() => {
      const footer = Buffer.concat([
        Buffer.of(0x19),
        ...Array.from({ length: 60 }, () => Buffer.concat([Buffer.of(0xf9), number(30_000_000)])),
      ])
      const size = Buffer.alloc(4)
      size.writeUInt32LE(footer.length)
      return Buffer.concat([Buffer.from('PAR1'), footer, size, Buffer.from('PAR1')])
    })(),
  ],
]

/** Texts that each share all of the one before and add a letter: 5,000 bytes become 12 MB. */
const growing = (pages: number) =>
  fileOf(
    'BYTE_ARRAY',
    Array.from({ length: pages }, () =>
      page(
        PREFIXES,
        Buffer.concat([deltas(5000, 0, 1), deltas(5000, 1, 0), Buffer.alloc(5000, 'a')]),
        5000,
      ),
    ),
    { rows: 5000 * pages },
  )

/** What is there, in the same encodings: the cases above are refused for what they announce. */
const whole: readonly [name: string, file: Buffer][] = [
  ['runs', fileOf('DOUBLE', [page(PLAIN, doubles)])],
  ['packed codes', fileOf('BYTE_ARRAY', [dictionary(1, text), page(CODES, codes(packedZeros(2)))])],
  ['runs of codes', fileOf('BYTE_ARRAY', [dictionary(1, text), page(CODES, codes(zeros(rows)))])],
  ['codes of no bits', fileOf('BYTE_ARRAY', [dictionary(1, text), secondPage(zeros(rows))])],
  ['runs of truth values', fileOf('BOOLEAN', [page(RLE, length(run(rows)))])],
  ['split bytes', fileOf('DOUBLE', [page(SPLIT, doubles)])],
  ['differences', fileOf('INT64', [page(DELTA, deltas(rows, 0, 0))])],
  [
    'lengths',
    fileOf('BYTE_ARRAY', [
      page(LENGTHS, Buffer.concat([deltas(rows, 1, 0), Buffer.alloc(rows, 'a')])),
    ]),
  ],
  ['texts that grow', growing(1)],
  [
    'packed pages',
    fileOf('DOUBLE', [packedPage(gzipSync(Buffer.concat([length(run(rows)), doubles])))], {
      codec: 2,
    }),
  ],
]

/** Reads the files in a thread with little memory. */
function readInSmallHeap(files: readonly Uint8Array[], most: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./small-heap.ts', import.meta.url), {
      workerData: { files, most },
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    })
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}

t.test('what is announced and not there is refused in little memory', async (t) => {
  const found = await readInSmallHeap(
    [...whole, ...cases].map(([, file]) => file),
    64 * MEGABYTE,
  )
  for (const [i, [name]] of whole.entries()) t.equal(found[i], 'read', name)
  for (const [i, [name]] of cases.entries())
    t.match(found[whole.length + i], /^this is not a Parquet file that can be read/, name)
})

t.test('what pages unpack to is told before they are unpacked', async (t) => {
  const told: number[] = []
  const bytes = growing(2)
  const slice = async (start: number, end: number) =>
    Uint8Array.prototype.slice.call(bytes, start, end).buffer as ArrayBuffer
  const file = await openParquet(bytes.length, slice, (column, total) => {
    t.equal(column, total)
    told.push(column)
    if (column > 13 * MEGABYTE) throw new InputError('too_large', 'enough')
  })
  await t.rejects(file.read(0, file.groups[0]!), { code: 'too_large', message: 'enough' })
  t.ok(told.length === 4 && told[1]! > 12e6, `${told}`)
})

/** Pages of every encoding with some bytes changed: what is read has as many cells as the file has rows. */
t.test('mutated pages are read or refused, in little memory', async (t) => {
  const seeds = whole.map(([, file]) => file).filter(({ length }) => length < 1000)
  const mutated: Buffer[] = []
  const change = fc.tuple(
    fc.nat(),
    fc.oneof(
      fc.constant(0xff),
      fc.constant(0x80),
      fc.constant(0),
      fc.integer({ max: 255, min: 0 }),
    ),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (seed, changes, inARow) => {
        const copy = Buffer.from(seed)
        const footer = copy.readUInt32LE(copy.length - 8) + 8
        for (const [i, [at, byte]] of changes.entries()) {
          const place = inARow ? (changes[0]?.[0] ?? 0) + i : at
          copy[4 + (place % (copy.length - footer - 4))] = byte
        }
        mutated.push(copy)
      },
    ),
    { numRuns: runs(1000), seed: 7 },
  )
  const found = await readInSmallHeap(mutated, 64 * MEGABYTE)
  const strange = found.filter((text) => text !== 'read' && !/^this is not a Parquet/.test(text))
  t.strictSame(strange, [])
  const refused = found.filter((text) => text !== 'read').length
  t.ok(
    refused > found.length / 3 && refused < found.length,
    `${refused} of ${found.length} refused`,
  )
})
