/** Addresses to listen on: all of a host's, at one port, and what is said where one cannot be used. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { InputError } from '../errors.ts'

/** Where a server is to be found. */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Servers per address. The event loop accepts one connection of each in a turn: with one alone, whoever asks for health
 * over a new connection stands behind all that have just come, for as many turns as there are.
 */
const DOORS = 32

/** What listens. */
export interface Listening {
  /** All servers that listen, the first of each address in the order of the addresses before the others. */
  readonly servers: readonly Server[]
  /** Opens further servers for every address, as far as it can be shared: they are no part of the start. */
  openDoors(): Promise<void>
}

/** What systems answer that cannot share a port among the servers of a process. */
const CANNOT_SHARE = ['ENOTSUP', 'EOPNOTSUPP', 'ENOPROTOOPT', 'EINVAL']

/**
 * Listens on every address of the host.
 * @param first the server of the first address
 * @param another makes each further server
 * @throws InputError `invalid_parameter` for an address that cannot be used
 */
export async function listenOn<Listener extends Server>(
  { host, port }: Place,
  first: Listener,
  another: (address: string) => Server,
): Promise<Listening> {
  const found = host === 'localhost' ? await lookup(host, { all: true }).catch(() => []) : []
  const [address = host, ...others] = new Set(found.map((entry) => entry.address))
  let isShared: boolean
  try {
    // Sharing hides that somebody has the port: alone, a server is told.
    const own = await claim(address, port)
    isShared = await open(first, address, own)
  } catch (error) {
    throw cannotListen({ host, port }, error)
  }
  const { port: own } = first.address() as AddressInfo
  const servers: Server[] = [first]
  const listen = async (addresses: readonly string[]) => {
    const added = addresses.map((at) =>
      another(at).listen({ port: own, host: at, reusePort: isShared }),
    )
    await Promise.all(added.map(whenListening))
    servers.push(...added)
  }
  await listen(others)
  return {
    servers,
    async openDoors() {
      if (!isShared) return
      await listen([address, ...others].flatMap((at) => new Array<string>(DOORS - 1).fill(at)))
    },
  }
}

/** Returns a port that nobody listens on: the one that is asked for, or any. */
async function claim(host: string, port: number): Promise<number> {
  const probe = createServer().listen(port, host)
  await once(probe, 'listening')
  const { port: own } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return own
}

/** Listens, and returns whether other servers may listen there, too. */
async function open(server: Server, host: string, port: number): Promise<boolean> {
  try {
    server.listen({ port, host, reusePort: true })
    await once(server, 'listening')
    return true
  } catch (error) {
    if (!CANNOT_SHARE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    server.listen(port, host)
    await once(server, 'listening')
    return false
  }
}

/** A server that cannot listen says so itself; the others do without it. */
async function whenListening(server: Server): Promise<void> {
  if (!server.listening)
    await Promise.race([once(server, 'listening'), once(server, 'close')]).catch(() => {})
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
