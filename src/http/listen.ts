/** Addresses to listen on: all of a host's, at one port, and what is said where one cannot be used. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { InputError } from '../errors.ts'

/** Where a server is to be found. */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Listens on every address of the host.
 * @param first the server of the first address
 * @param another makes the server of each further address
 * @returns all servers that listen, in the order of the addresses
 * @throws InputError `invalid_parameter` for an address that cannot be used
 */
export async function listenOn<Listener extends Server>(
  { host, port }: Place,
  first: Listener,
  another: (address: string) => Server,
): Promise<Server[]> {
  const found = host === 'localhost' ? await lookup(host, { all: true }).catch(() => []) : []
  const [address = host, ...others] = new Set(found.map((entry) => entry.address))
  try {
    first.listen(port, address)
    await once(first, 'listening')
  } catch (error) {
    throw cannotListen({ host, port }, error)
  }
  const { port: own } = first.address() as AddressInfo
  return [first, ...others.map((other) => another(other).listen(own, other))]
}

function cannotListen({ host, port }: Place, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException
  const why =
    code === 'EADDRINUSE'
      ? 'it is in use'
      : code === 'EACCES'
        ? 'it may not be used'
        : (code ?? String(error))
  return new InputError('invalid_parameter', `cannot listen on ${host} port ${port}: ${why}`)
}

/** Returns the URL of a server that listens. */
export function urlOf(server: Server, { host, port }: Place): string {
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${own}`
}
