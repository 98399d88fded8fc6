/** Who may ask: bearer tokens from a file, compared by their hashes, and addresses that need them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { InputError, quotePath } from '../errors.ts'
import { headerValues } from './negotiation.ts'

/** Fewest characters of a token: 32 random bytes have more in any spelling. */
const LEAST_CHARACTERS = 32
const MOST_BYTES = 64 << 10
const REREAD_MS = 30_000

export interface Access {
  /**
   * Lets a request with a valid token pass.
   * @throws InputError `unauthorized`, the same for whatever is wrong
   */
  check(request: IncomingMessage): void
  /** Stops looking at the file. */
  close(): void
}

export interface AccessLog {
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

/**
 * Reads a file of tokens, and again every half a minute: tokens are added and taken away while the service runs. When it
 * cannot be read any more, the tokens of before stay valid.
 * @throws InputError `invalid_file` for a file without a token, or with a line that is none
 */
export async function createAccess(
  path: string,
  log: AccessLog,
  rereadMs = REREAD_MS,
): Promise<Access> {
  let { hashes, mode } = await readTokens(path)
  if ((mode & 0o004) !== 0)
    log.warn({ mode: (mode & 0o777).toString(8) }, 'everybody on this machine may read the tokens')
  const reread = async () => {
    try {
      ;({ hashes, mode } = await readTokens(path))
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'the tokens stay as they were')
    }
  }
  const timer = setInterval(() => void reread(), rereadMs).unref()
  return {
    check(request) {
      const sent = hashOf(sentToken(request))
      // All are compared, so that time does not tell which of them resembles it.
      let isValid = false
      for (const hash of hashes) isValid = timingSafeEqual(hash, sent) || isValid
      if (!isValid)
        throw new InputError('unauthorized', 'send a valid token: Authorization: Bearer')
    },
    close: () => clearInterval(timer),
  }
}

/** The token of a request; empty, which no token is, where there is none or more than one. */
function sentToken(request: IncomingMessage): string {
  const [header = '', ...others] = headerValues(request, 'authorization')
  if (others.length > 0) return ''
  return /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1] ?? ''
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'latin1').digest()
}

/** Errors name lines, never what stands in them. */
async function readTokens(path: string): Promise<{ hashes: readonly Buffer[]; mode: number }> {
  const shown = quotePath(path)
  const refused = (why: string) => new InputError('invalid_file', `the token file ${shown} ${why}`)
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
    throw refused(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`)
  })
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw refused('is not a file')
    if (found.size > MOST_BYTES) throw refused(`has more than ${MOST_BYTES} bytes`)
    const lines = (await handle.readFile('utf8')).split('\n').map((line) => line.trim())
    lines.forEach((line, i) => {
      if (line === '' || /^[\x21-\x7e]+$/.test(line)) return
      throw refused(`has something else than a token in line ${i + 1}`)
    })
    lines.forEach((line, i) => {
      if (line === '' || line.length >= LEAST_CHARACTERS) return
      throw refused(`has a token of less than ${LEAST_CHARACTERS} characters in line ${i + 1}`)
    })
    const tokens = lines.filter((line) => line !== '')
    if (tokens.length === 0) throw refused('has no token')
    return { hashes: tokens.map(hashOf), mode: found.mode }
  } finally {
    await handle.close()
  }
}

/** Addresses that only this machine reaches. */
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether others than this machine reach a server on a host. */
export function isReachable(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return host.toLowerCase() !== 'localhost'
  return !loopback.check(host, version === 6 ? 'ipv6' : 'ipv4')
}

/** @throws InputError `invalid_parameter` for an address that others reach when nobody asks who calls */
export function checkExposure(
  setting: string,
  host: string,
  access: { readonly tokenFile: string; readonly allowUnauthenticated: boolean },
): void {
  if (access.tokenFile !== '' || access.allowUnauthenticated || !isReachable(host)) return
  throw new InputError(
    'invalid_parameter',
    `${setting} ${host} lets everybody ask: give a file of tokens (--token-file), or say that something in front asks who calls (--allow-unauthenticated)`,
  )
}
