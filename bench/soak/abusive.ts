/** Bodies made to exhaust a server, and what it must answer to each. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { type Ask, asking } from './load.ts'

const MIB = 1 << 20
/** Limit of a body, as the server has it by default. */
export const BODY_LIMIT = 25 * MIB

/** A request made to do harm; without an ask, bytes after which the client goes away. */
export interface Abuse {
  readonly name: string
  readonly ask?: Ask
  readonly abandoned?: Buffer
}

const csv = 'text/csv'
const json = 'application/json'

function refusing(
  name: string,
  type: string,
  body: string | Buffer,
  expected: readonly number[],
  more = '',
): Abuse {
  return { name, ask: asking(name, '/invocations', type, body, { expected, more }) }
}

/** Returns every abusive request, the bytes of each made once. */
export function makeAbuses(): Abuse[] {
  const bomb = gzipSync(Buffer.alloc(200 * MIB))
  const keys = Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join(',')
  const head = `{'descr': '<f8', 'fortran_order': False, 'shape': (${2n ** 60n}, 3), }\n`
  const npy = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.of(head.length, 0),
    Buffer.from(head),
    Buffer.alloc(24),
  ])
  return [
    {
      name: '1,000,000 chunks of a byte',
      ask: {
        name: 'chunks',
        bytes: Buffer.concat([
          Buffer.from(
            `POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: ${csv}\r\ntransfer-encoding: chunked\r\n\r\n`,
          ),
          Buffer.from('1\r\n1\r\n'.repeat(1_000_000)),
          Buffer.from('0\r\n\r\n'),
        ]),
        expected: [400],
      },
    },
    refusing('gzip of 200 MiB', csv, bomb, [413], 'content-encoding: gzip\r\n'),
    refusing('twice the limit', csv, Buffer.alloc(2 * BODY_LIMIT, '1,2,3\n'), [413]),
    refusing('JSON 3,000,000 deep', json, '['.repeat(3_000_000), [400]),
    refusing('JSON of 1,000,000 keys', json, `{${keys}}`, [400]),
    refusing('npy of 2^60 rows', 'application/x-npy', npy, [400, 413]),
    refusing('25 MB of quotes', csv, Buffer.alloc(25_000_000, '"'), [400]),
    refusing('a line of 25 MB', csv, Buffer.alloc(25_000_000, '1'), [400]),
    refusing('a broken Parquet file', 'application/x-parquet', breakParquet(), [400]),
    {
      name: 'an upload given up',
      abandoned: Buffer.concat([
        Buffer.from(
          `POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: ${csv}\r\ncontent-length: ${20 * MIB}\r\n\r\n`,
        ),
        Buffer.alloc(10 * MIB, '1,2,3\n'),
      ]),
    },
  ]
}

/** A file whose first column's pages and a later column's name are broken: each is an error of its own. */
function breakParquet(): Buffer {
  const broken = readFileSync('test/fixtures/passengers.parquet')
  broken.fill(0xff, 4, 12)
  broken.write('parch', broken.lastIndexOf('Parch'))
  return broken
}
