/**
 * The image's HEALTHCHECK: exit status 0 when /ping answers 200 within three seconds, otherwise 1 and a line.
 * It asks at the port that the environment of the container says; a port given as a flag is not known here.
 */
import { get } from 'node:http'

const port = Number(process.env.SAGEMAKER_BIND_TO_PORT || process.env.PORT || 8080)
// A server that listens everywhere listens here.
const anywhere = ['', '0.0.0.0', '::', '*']
const named = process.env.SHAPSERVE_HOST ?? ''
const host = anywhere.includes(named) ? '127.0.0.1' : named

function fail(reason) {
  console.error(`http://${host}:${port}/ping ${reason}`)
  process.exit(1)
}

setTimeout(fail, 3000, 'does not answer')
get({ host, port, path: '/ping', agent: false }, ({ statusCode }) => {
  if (statusCode !== 200) fail(`answers ${statusCode}`)
  process.exit(0)
}).on('error', ({ message }) => fail(`cannot be asked: ${message}`))
