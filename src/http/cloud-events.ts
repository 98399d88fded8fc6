/** CloudEvents over HTTP: an event is answered by an event in its own mode, as KServe does. */
import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkEventVersion } from '../codecs/cloud-event.ts'
import type { Pack } from './answer-admitted.ts'
import { EVENT_TYPE } from './event-type.ts'

/** Headers that make a request an event in binary mode: the attributes that every event has. */
const REQUIRED = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type']

/**
 * Returns how the answer to an event becomes an event, or undefined for a request that is none.
 * @throws InputError `invalid_shape` for an event of a version that is not read
 */
export function packAsEvent({ headers }: FastifyRequest, modelName: string): Pack | undefined {
  const isBinary = REQUIRED.every((name) => headers[name] !== undefined)
  if (isBinary) checkEventVersion(headers['ce-specversion'])
  const essence = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (!isBinary && essence !== EVENT_TYPE) return undefined
  return (body: Buffer, reply: FastifyReply) => {
    const attributes = {
      specversion: '1.0',
      id: randomUUID(),
      source: `io.kserve.inference.${encodeURIComponent(modelName)}`,
      type: 'io.kserve.inference.response',
      time: new Date().toISOString(),
    }
    if (isBinary) {
      for (const [name, value] of Object.entries(attributes)) reply.header(`ce-${name}`, value)
      return body
    }
    reply.header('content-type', EVENT_TYPE)
    const head = JSON.stringify({ ...attributes, datacontenttype: 'application/json' })
    return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"data":`), body, Buffer.from('}')])
  }
}
