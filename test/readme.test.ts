/** The README's commands and tables; `UPDATE_README=1 npx tap test/readme.test.ts` writes the tables. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { settings } from '../src/config.ts'
import { describeRange } from '../src/estimators/params.ts'
import { engineNames, estimatorNames, paramsOf } from '../src/train.ts'
import { searchSpaceOf } from '../src/tune.ts'
import { describeDimension } from '../src/tuning/search-space.ts'
import { root, run, startServing } from './command.ts'

const path = join(root, 'README.md')
const readme = await readFile(path, 'utf8')

/** Commands of the console blocks with the output printed below them. */
const commands = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  (block as string)
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      // A command goes on over a backslash, a pipe or an indented line.
      const [, command, output] = /^((?:.*(?:\\|\|)\n)*.*\n)([\s\S]*)$/.exec(part) as unknown as [
        string,
        string,
        string,
      ]
      return { command: command.trim(), output }
    }),
)

t.test('every command gives what the README shows', { timeout: 120_000 }, async (t) => {
  // A copy, because `npm start` builds anew while other tests use the build.
  const checkout = t.testdir()
  for (const name of ['package.json', 'tsconfig.json', 'src', 'data', 'model_checkpoint']) {
    await cp(join(root, name), join(checkout, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const [first, ...rest] = commands
  t.equal(first?.command, 'npm ci && npm start', 'CI itself runs npm ci')
  const { kill, url } = await startServing('npm', ['start'], { cwd: checkout, env: { PORT: '0' } })
  t.teardown(() => kill('SIGTERM'))
  const { port } = new URL(url)

  const ofServer = rest.filter(({ command }) => command.includes('curl'))
  const offline = rest.filter(
    ({ command }) => command.startsWith('npx shapserve') || command.includes('| npx'),
  )
  t.equal(ofServer.length + offline.length, rest.length, 'no command is left out')
  t.ok(ofServer.length >= 3 && offline.length >= 5)
  for (const { command, output } of ofServer) {
    const result = await run(
      'bash',
      ['-c', command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)],
      { cwd: checkout },
    )
    t.equal(
      result.stdout,
      output.trim() === '' ? output : withNewline(result.stdout, output),
      command,
    )
  }
  for (const { command, output } of offline) {
    if (command.includes(' serve ')) {
      const served = await startServing('bash', ['-c', `exec ${command} --port 0`], {
        cwd: checkout,
      })
      t.equal((await fetch(`${served.url}/ping`)).status, 200)
      served.kill('SIGTERM')
      continue
    }
    const result = await run('bash', ['-c', command], { cwd: checkout })
    t.equal(result.status, 0, `${command}\n${result.stderr}`)
    if (output.trim() !== '') t.equal(result.stdout, output, command)
  }
})

/** JSON answers end without a line break, which a block cannot show. */
function withNewline(printed: string, shown: string): string {
  return printed.endsWith('\n') ? shown : shown.replace(/\n$/, '')
}

t.test('the tables say what the program does', async (t) => {
  const paramRows = engineNames.flatMap((engine) =>
    estimatorNames.flatMap((estimator) =>
      Object.entries(paramsOf(engine, estimator)).map(
        ([name, spec]) =>
          `| ${engine} | ${estimator} | \`${name}\`: ${spec.description} | ${spec.default ?? 'none'} | ${describeRange(spec)} |`,
      ),
    ),
  )
  const spaceRows = engineNames.flatMap((engine) =>
    estimatorNames.flatMap((estimator) =>
      Object.entries(searchSpaceOf(engine, estimator)).map(
        ([name, dimension]) =>
          `| ${engine} | ${estimator} | \`${name}\` | ${describeDimension(dimension)} |`,
      ),
    ),
  )
  const settingRows = settings.map(
    ({ flag, env, default: value, description }) =>
      `| \`${flag}\` | ${env.map((name) => `\`${name}\``).join(', ')} | ${value} | ${description} |`,
  )
  let expected = readme
  for (const [name, rows] of [
    ['params', paramRows],
    ['spaces', spaceRows],
    ['settings', settingRows],
  ] as const) {
    expected = expected.replace(
      new RegExp(`(<!-- ${name} -->\\n.*\\n\\|[-|]+\\|\\n)[\\s\\S]*?(<!-- /${name} -->)`),
      (_, head: string, end: string) => `${head}${rows.join('\n')}\n${end}`,
    )
  }
  if (process.env.UPDATE_README) await writeFile(path, expected)
  t.equal(readme, expected, 'UPDATE_README=1 writes them')
})
