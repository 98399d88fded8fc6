/** A thread that asks /ping twenty times a second, on kept and new connections, and tells how long it waited. */
import { Agent, request } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

const EVERY_MS = 50
const LIMIT_MS = 5000
const kept = new Agent({ keepAlive: true, maxSockets: 1 })
const answers = []
let count = 0

function ping() {
  const began = performance.now()
  const done = (status, why = '') => {
    answers.push({ status, why, ms: performance.now() - began })
  }
  const asked = request(
    { host: '127.0.0.1', port: workerData, path: '/ping', agent: count++ % 2 ? kept : false },
    (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode))
    },
  )
  asked.setTimeout(LIMIT_MS, () => asked.destroy(new Error(`no answer in ${LIMIT_MS} ms`)))
  asked.on('error', (error) => done(0, error.message))
  asked.end()
}

const timer = setInterval(ping, EVERY_MS)
parentPort.once('message', () => {
  clearInterval(timer)
  setTimeout(() => {
    parentPort.postMessage(answers)
    kept.destroy()
  }, LIMIT_MS / 5)
})
