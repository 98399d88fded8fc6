/** What node:http alone can do: reads the body and answers JSON of the size that the path names. Argument: the port. */
import { createServer } from 'node:http'

const answers = new Map()

function answerOf(size) {
  const known = answers.get(size)
  if (known) return known
  const answer = Buffer.from(size < 2 ? '' : `"${'x'.repeat(size - 2)}"`)
  answers.set(size, answer)
  return answer
}

const server = createServer((request, response) => {
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    Buffer.concat(pieces)
    const answer = answerOf(Number(request.url.slice(1)) || 0)
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': answer.length,
    })
    response.end(answer)
  })
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
