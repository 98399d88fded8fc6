/** Bytes that are no right request, or nearly none, and the statuses that must come back, one for each answer. */

const row = '1.5,2.5,3.5'
const start = 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n'
const good = `${start}Content-Length: ${row.length}\r\n\r\n${row}`
const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n`
const ping = 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'

/** What is sent, and what is answered; several lists where more than one answer is right. */
export interface RawCase {
  readonly name: string
  readonly bytes: Buffer
  readonly expected: readonly (readonly number[])[]
}

function raw(name: string, text: string | Buffer, ...expected: (readonly number[])[]): RawCase {
  return { name, bytes: Buffer.from(text as string, 'latin1'), expected }
}

const lengths = ['abc', '-1', '+7', '0x7', '7, 7', '18446744073709551616']
const chunkSizes = ['F'.repeat(17), '-7', '0x7', `b;${'e'.repeat(20_000)}`]
const badHeaders: readonly (readonly [string, string])[] = [
  ['NUL', 'a: b\0c'],
  ['a bare CR', 'a: b\rc'],
  ['a folded line', 'a: b\r\n c'],
  ['a blank before the colon', 'a : b'],
  ['no colon', 'abc'],
]

export const corpus: readonly RawCase[] = [
  ...lengths.map((length) =>
    raw(`H1 Content-Length: ${length}`, `${start}Content-Length: ${length}\r\n\r\n${row}`, [400]),
  ),
  raw(
    'H2 two equal lengths',
    `${start}Content-Length: 11\r\nContent-Length: 11\r\n\r\n${row}`,
    [400],
  ),
  raw('H2 two lengths', `${start}Content-Length: 11\r\nContent-Length: 4\r\n\r\n${row}`, [400]),
  raw(
    'H3 a length and chunks',
    `${start}Content-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    [400],
  ),
  raw('H4 xchunked', `${start}Transfer-Encoding: xchunked\r\n\r\n${row}`, [400]),
  raw('H4 chunked, identity', `${start}Transfer-Encoding: chunked, identity\r\n\r\n${row}`, [400]),
  raw(
    'H5 gzip, chunked',
    `${start}Transfer-Encoding: gzip, chunked\r\n\r\nb\r\n${row}\r\n0\r\n\r\n`,
    [501],
  ),
  raw('H6 chunks in HTTP/1.0', `${chunked.replace('1.1', '1.0')}b\r\n${row}\r\n0\r\n\r\n`, [400]),
  ...chunkSizes.map((size) =>
    raw(`H7 a chunk of ${size.slice(0, 20)}`, `${chunked}${size}\r\n${row}\r\n0\r\n\r\n`, [400]),
  ),
  raw('H7 bare line feeds', `${chunked}b\n${row}\n0\n\n`, [400]),
  raw('H8 too many chunks', `${chunked}${'1\r\n1\r\n'.repeat(70_000)}0\r\n\r\n`, [400]),
  raw('H9 trailers', `${chunked}b\r\n${row}\r\n0\r\n__proto__: x\r\na: b\r\n\r\n`, [200]),
  raw('H10 a body cut short', `${start}Content-Length: 20\r\n\r\n${row}`, [400]),
  raw('H11 a body too long', `${start}Content-Length: 11\r\n\r\n${row}garbage\r\n\r\n`, [200, 400]),
  raw('H12 a length that cannot be', `${start}Content-Length: 99999999999\r\n\r\n`, [413]),
  raw(
    'H14 100-continue, too large',
    `${start}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n`,
    [413],
  ),
  raw('H15 100-continue', good.replace('Host: x', 'Host: x\r\nExpect: 100-continue'), [200]),
  raw('H16 another expectation', good.replace('Host: x', 'Host: x\r\nExpect: foo'), [417]),
  raw('H19 nothing', '', []),
  raw('H22 50 pings', ping.repeat(50), new Array<number>(50).fill(200)),
  raw('H23 pipelined rows', good.repeat(30), new Array<number>(30).fill(200)),
  raw(
    'H24 headers of 15 KB',
    ping.replace('Host: x', `Host: x\r\na: ${'b'.repeat(15_000)}`),
    [200],
  ),
  raw(
    'H24 headers of 17 KB',
    ping.replace('Host: x', `Host: x\r\na: ${'b'.repeat(17_000)}`),
    [431],
  ),
  raw('H25 a path of 17 KB', `GET /${'p'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, [431]),
  raw('H26 2,500 headers', ping.replace('Host: x', `Host: x${'\r\na: b'.repeat(2500)}`), [431]),
  raw('H27 no Host', 'GET /ping HTTP/1.1\r\n\r\n', [400]),
  raw('H27 two Hosts', 'GET /ping HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', [400]),
  raw('H28 HTTP/0.9', 'GET /ping\r\n\r\n', [400]),
  raw('H28 HTTP/2.0', 'GET /ping HTTP/2.0\r\nHost: x\r\n\r\n', [400]),
  raw('H28 HTTP/1.32', 'GET /ping HTTP/1.32\r\nHost: x\r\n\r\n', [400]),
  raw('H29 HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]),
  raw('H29 TLS', Buffer.from('160301020001000001fc0303', 'hex'), [400]),
  raw('H29 bytes', Buffer.from('deadbeef00ff80c3', 'hex'), [400]),
  ...badHeaders.map(([name, header]) =>
    raw(`H30 ${name}`, ping.replace('Host: x', `Host: x\r\n${header}`), [400]),
  ),
  raw('H31 __proto__', good.replace('Host: x', 'Host: x\r\n__proto__: x\r\nconstructor: y'), [200]),
  raw('H32 a method in small letters', ping.replace('GET', 'get'), [400]),
  raw('H32 no such method', ping.replace('GET', 'BREW'), [400]),
  raw('H32 TRACE', ping.replace('GET', 'TRACE'), [405]),
  raw('H32 CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', [], [400], [405]),
  raw('H33 GET /invocations', ping.replace('/ping', '/invocations'), [405]),
  raw('H33 POST /ping', good.replace('/invocations', '/ping'), [405]),
  raw(
    'H35 a ping with a body',
    `${ping.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\nabc')}${ping}`,
    [200, 200],
  ),
  raw(
    'H36 Upgrade',
    ping.replace('Host: x', 'Host: x\r\nConnection: upgrade\r\nUpgrade: websocket'),
    [200],
  ),
  raw('H36 h2c', ping.replace('Host: x', 'Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c'), [200]),
  ...['//ping', '/ping/', '/PING', '/../ping', '/ping/%00', '/ping;x'].map((path) =>
    raw(`H37 ${path}`, ping.replace('/ping', path), [404]),
  ),
  raw('H37 /p%69ng', ping.replace('/ping', '/p%69ng'), [200]),
  raw('H37 /%zz', ping.replace('/ping', '/%zz'), [400]),
  raw('H38 an absolute target', ping.replace('/ping', 'http://x/ping'), [200]),
  raw(
    'H39 bytes behind the last',
    `${good.replace('Host: x', 'Host: x\r\nConnection: close')}${ping}`,
    [200],
  ),
  raw('H42 the end behind the request', good, [200]),
  raw(
    'H43 attributes beyond ASCII',
    good.replace('Host: x', 'Host: x\r\nX-Amzn-SageMaker-Custom-Attributes: \xe9%0d%0a'),
    [200],
  ),
  raw('H44 forwarded', good.replace('Host: x', 'Host: x\r\nForwarded: for=evil;host=y'), [200]),
  raw(
    'H45 an identity of 8 KB',
    good.replace('Host: x', `Host: x\r\nX-Request-Id: ${'i'.repeat(8192)}`),
    [200],
  ),
]
