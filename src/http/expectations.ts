/** Clients that ask whether to send a body: told to go on once it is read, and never where it is refused. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Connections } from './connections.ts'

/**
 * Answers `Expect: 100-continue` when a route begins to read the body. Node's own way tells a client to send what is
 * refused for its length, and writes into the answer to a request that waits for its turn.
 * @param maxBodyBytes longest body that is read
 */
export function answerExpectations(
  server: Server,
  connections: Connections,
  maxBodyBytes: number,
): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const invite = () => {
      const isWanted = !request.complete && !response.headersSent
      if (isWanted && response.socket) response.writeContinue()
    }
    if (!(Number(request.headers['content-length'] ?? 0) > maxBodyBytes)) {
      request.once('resume', () => {
        // A body that came with its headers is there by then.
        if (response.socket) return void setImmediate(invite)
        const { exchanges = [] } = connections.of(request.socket) ?? {}
        const own = exchanges.findIndex((exchange) => exchange.request === request)
        // Its turn comes when the answer before it is over.
        exchanges[own - 1]?.response.once('close', invite)
      })
    }
    server.emit('request', request, response)
  })
}
