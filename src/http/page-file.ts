/** The page's one file: read once, sent packed where that is understood, with a policy that lets nothing else in. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

export interface PageFile {
  /** Sends the page, or that it has not changed. */
  send(request: FastifyRequest, reply: FastifyReply): FastifyReply
}

/** Codings that the build packs the page in, the smallest first. */
const packed = { br: '.br', gzip: '.gz', identity: '' } as const
type Coding = keyof typeof packed
const codings = Object.keys(packed) as Coding[]

/**
 * Returns the page as the build wrote it, beside the bundle.
 * @param directory where it lies; from the sources, that of the last build
 */
export async function readPageFile(directory = directoryOfBuild()): Promise<PageFile> {
  const bytes = {} as Record<Coding, Buffer>
  for (const coding of codings)
    bytes[coding] = await readFile(new URL(`page.html${packed[coding]}`, directory))
  const policy = policyOf(bytes.identity.toString('utf8'))
  const digest = createHash('sha256').update(bytes.identity).digest('base64url').slice(0, 22)
  return {
    send(request, reply) {
      const accepted = new Negotiator(request.raw).encodings(codings as string[])
      const coding = codings.find((name) => accepted.includes(name)) ?? 'identity'
      const etag = `"${digest}-${coding}"`
      reply.headers({
        etag,
        vary: 'accept-encoding',
        'cache-control': 'no-cache',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      })
      const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim())
      if (known.includes(etag)) return reply.code(304).send()
      if (coding !== 'identity') reply.header('content-encoding', coding)
      return reply.header('content-type', 'text/html; charset=utf-8').send(bytes[coding])
    },
  }
}

function directoryOfBuild(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/', import.meta.url)
    : new URL('./', import.meta.url)
}

/** Only the script and the styles that stand in the page run, and only this server is asked. */
export function policyOf(html: string): string {
  const hashesOf = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ')
  return [
    "default-src 'none'",
    `script-src ${hashesOf('script')}`,
    `style-src ${hashesOf('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
}
