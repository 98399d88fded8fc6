/**
 * What Fastify alone can do: parses a JSON body as it does by default and answers JSON of the size that the path names.
 * Argument: the port.
 */
import fastify from 'fastify'

const answers = new Map()

function answerOf(size) {
  const known = answers.get(size)
  if (known !== undefined) return known
  const answer = size < 2 ? '' : `"${'x'.repeat(size - 2)}"`
  answers.set(size, answer)
  return answer
}

const app = fastify()
// Other types than JSON are read as texts.
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
app.post('/:size', (request, reply) => {
  if (request.body === undefined) throw new Error('there is no body')
  reply.header('content-type', 'application/json; charset=utf-8')
  return reply.send(answerOf(Number(request.params.size) || 0))
})
app.get('/ping', (_request, reply) => reply.send(''))
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) })
process.once('SIGTERM', () => process.exit(0))
