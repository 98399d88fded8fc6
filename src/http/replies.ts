/** Answers as bytes. */
import type { FastifyReply } from 'fastify'

/** Returns bytes as a Buffer over the same memory: Fastify sends those as they are, without a charset. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

/** Sends a value as JSON with the bare media type. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  if (reply.sent) return reply
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value)))
}
