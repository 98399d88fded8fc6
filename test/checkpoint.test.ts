/** What is committed is what the documented commands make. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { engines } from '../src/estimators/index.ts'
import { VERSION } from '../src/version.ts'
import { root, run, shapserve } from './command.ts'

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  version: string
  scripts: Record<string, string>
}

t.test('retraining gives the committed model, byte for byte', async (t) => {
  const model = join(t.testdir(), 'model')
  const args = (manifest.scripts.model as string).split(' ').slice(2)
  args[args.indexOf('model_checkpoint')] = model
  const trained = await shapserve([...args, '--quiet'])
  t.equal(trained.status, 0, trained.stderr)
  const names = (await readdir(join(root, 'model_checkpoint'))).sort()
  t.same((await readdir(model)).sort(), names)
  for (const name of names) {
    const committed = await readFile(join(root, 'model_checkpoint', name))
    t.ok(committed.equals(await readFile(join(model, name))), name)
  }
})

t.test('the OpenAPI document is the one that the routes make, and valid', async (t) => {
  const file = join(root, 'openapi/openapi.json')
  const made = await shapserve(['openapi', '--model-dir', 'model_checkpoint'])
  t.equal(made.stdout, await readFile(file, 'utf8'), 'npm run openapi makes it anew')
  const redocly = join(root, 'node_modules/@redocly/cli/bin/cli.js')
  const lint = await run(process.execPath, [redocly, 'lint', file], {
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
  t.equal(lint.status, 0, lint.stdout + lint.stderr)
})

t.test('versions are those of the packages', async (t) => {
  t.equal(VERSION, manifest.version)
  for (const [name, version] of Object.entries(engines.mljs.libraries)) {
    const file = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')
    t.equal((JSON.parse(file) as { version: string }).version, version, name)
  }
})
