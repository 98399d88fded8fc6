/** A thread that asks /ping twenty times a second, on kept and new connections, and tells how long it waited. */
import { Agent, request } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

const EVERY_MS = 50
const LIMIT_MS = 5000
// Nobody waits for a connection here: a ping that finds none free opens one.
const kept = new Agent({ keepAlive: true })
const answers = []
let count = 0

function ping() {
  const began = performance.now()
  const done = (status, why = '') => {
    clearTimeout(limit)
    answers.push({ status, why, ms: performance.now() - began })
  }
  const asked = request(
    { host: '127.0.0.1', port: workerData, path: '/ping', agent: count++ % 2 ? kept : false },
    (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode))
    },
  )
  const limit = setTimeout(
    () => asked.destroy(new Error(`no answer in ${LIMIT_MS} ms`)),
    LIMIT_MS,
  )
  asked.on('error', (error) => done(0, error.message))
  asked.end()
}

const timer = setInterval(ping, EVERY_MS)
parentPort.once('message', () => {
  clearInterval(timer)
  // What is still waited for counts, too.
  setTimeout(() => {
    parentPort.postMessage(answers)
    kept.destroy()
  }, LIMIT_MS + EVERY_MS)
})
