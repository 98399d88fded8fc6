/** Headers of ordinary requests, which are answered before the routes: any other may ask for something. */

/** What a header means there: it is read, or it makes no difference. */
export type HeaderKind = 'type' | 'length' | 'accept' | 'host' | 'other'

const headerKinds = new Map<string, HeaderKind>([
  ['content-type', 'type'],
  ['content-length', 'length'],
  ['accept', 'accept'],
  ['host', 'host'],
  ['authorization', 'other'],
  ...[
    ...['user-agent', 'accept-encoding', 'accept-language', 'connection', 'keep-alive'],
    ...['cache-control', 'pragma', 'referer', 'origin', 'dnt', 'cookie', 'via', 'forwarded'],
    ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'priority', 'x-real-ip'],
    ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
  ].map((name) => [name, 'other'] as const),
])

/** Headers that an ordinary request has at most. */
export const MAX_HEADERS = 50

/** Returns what a header means; undefined for one that only the routes know. */
export function kindOfHeader(name: string): HeaderKind | undefined {
  return headerKinds.get(name) ?? headerKinds.get(name.toLowerCase())
}
