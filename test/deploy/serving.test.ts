/** The Deployment's own settings over volumes as a kubelet lays them out: it serves, its probes pass, tokens count. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { strayVariables } from '../../src/config.ts'
import { prepareServer } from '../../src/http/server.ts'
import { checkpoint } from '../helper.ts'
import { mountVolume } from '../model-directory/volume.ts'
import { configOf, envOfContainer, ofKind, pods } from './documents.ts'

const moment = '..2026_11_28_21_44_22.123456789'
const token = 'x'.repeat(40)
const [container] = pods['Deployment']!.containers

t.test('the Deployment serves a model out of a ConfigMap', async (t) => {
  const base = t.testdir({ model: {}, tokens: {} })
  const packed = join(base, 'packed.tar.gz')
  execFileSync('tar', ['-czf', packed, '-C', checkpoint, '.'])
  const archive = readFileSync(packed)
  t.ok(archive.length < 2 ** 20, 'a ConfigMap holds it')
  mountVolume(join(base, 'model'), moment, new Map([['model.tar.gz', archive]]))
  mountVolume(join(base, 'tokens'), moment, new Map([['tokens', Buffer.from(`${token}\n`)]]))
  chmodSync(join(base, 'tokens/..data/tokens'), 0o440)

  const { SM_MODEL_DIR, AUTH_TOKEN_FILE, ...others } = envOfContainer(container)
  const env = {
    ...others,
    SM_MODEL_DIR: base + SM_MODEL_DIR,
    AUTH_TOKEN_FILE: base + AUTH_TOKEN_FILE,
  }
  const log = pino({ level: 'silent' })
  const config = configOf(container.args, env)
  const { server, drain, complete } = await prepareServer(
    { config, modelsRoot: '', warnings: [] },
    log,
  )
  t.teardown(() =>
    drain('test', { close: async () => void server.close(), graceMs: 0, limitMs: 0 }),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await complete()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const { httpGet } of [
    container.startupProbe!,
    container.readinessProbe,
    container.livenessProbe!,
  ])
    t.equal((await fetch(url + httpGet.path)).status, 200, httpGet.path)
  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify([[3, 'x', 'male', 1, 0, 0]]),
    })
  t.equal((await ask({})).status, 401)
  t.equal((await ask({ authorization: `Bearer ${token}` })).status, 200)
})

t.test("a Service's own variables look like settings, so the pods do not get them", async (t) => {
  const { name } = ofKind('Service').metadata
  const links = { [`${name.toUpperCase()}_PORT`]: 'tcp://10.0.0.1:80' }
  t.not(strayVariables(links).length, 0)
  for (const [what, pod] of Object.entries(pods)) t.equal(pod.enableServiceLinks, false, what)
})
