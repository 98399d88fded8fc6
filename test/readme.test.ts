/**
 * The commands, tables and links of the README and of `docs/`.
 * `UPDATE_README=1 npm test -- test/readme.test.ts` writes what commands print, the tables and the picture.
 */
import { existsSync } from 'node:fs'
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { settings } from '../src/config.ts'
import { inputErrorCodes } from '../src/errors.ts'
import type { Estimator } from '../src/estimators/estimator.ts'
import { engines } from '../src/estimators/index.ts'
import { describeRange } from '../src/estimators/params.ts'
import { describeDimension } from '../src/estimators/search-space.ts'
import { statusOfCode } from '../src/http/errors.ts'
import { plots } from '../src/plots/index.ts'
import type { PlotOptions } from '../src/plots/plot.ts'
import { warningCodes } from '../src/preprocess/row-warnings.ts'
import { root, run, startServing } from './command.ts'

/** Pictures that commands make, and those of the documents that are the same. */
const pictures: Readonly<Record<string, string>> = {
  'waterfall.svg': 'waterfall.svg',
  'waterfall-2.svg': 'plots/waterfall.svg',
  'force-2.svg': 'plots/force.svg',
  'stacked.svg': 'plots/stacked_force.svg',
  'bar.svg': 'plots/bar.svg',
  'beeswarm.svg': 'plots/beeswarm.svg',
  'age.svg': 'plots/dependence.svg',
  'pclass.svg': 'plots/dependence_strips.svg',
  'decision.svg': 'plots/decision.svg',
  'interactions.svg': 'plots/interactions.svg',
  'roc.svg': 'plots/roc.svg',
  'precision_recall.svg': 'plots/precision_recall.svg',
  'calibration.svg': 'plots/calibration.svg',
  'threshold.svg': 'plots/threshold.svg',
  'confusion.svg': 'plots/confusion.svg',
  'tree.svg': 'plots/tree.svg',
  'master.svg': 'walkthrough/waterfall.svg',
  'master-force.svg': 'walkthrough/force.svg',
  'all.svg': 'walkthrough/stacked_force.svg',
  'swarm.svg': 'walkthrough/beeswarm.svg',
  'by-age.svg': 'walkthrough/dependence.svg',
  'pairs.svg': 'walkthrough/interactions.svg',
  'walk-roc.svg': 'walkthrough/roc.svg',
  'walk-calibration.svg': 'walkthrough/calibration.svg',
}

/** Spark's lines run in test/clients, where Spark is; a comparison has only its figures. */
const withoutCommands = ['comparison', 'operations', 'scale', 'security'].map(
  (name) => `docs/${name}.md`,
)

const update = Boolean(process.env.UPDATE_README)

/** Text by path below the root. */
const documents = new Map<string, string>()
for (const file of ['README.md', ...(await readdir(join(root, 'docs'))).sort()]) {
  const path = file === 'README.md' ? file : `docs/${file}`
  if (path.endsWith('.md')) documents.set(path, await readFile(join(root, path), 'utf8'))
}

interface Command {
  /** As it stands in the document. */
  readonly source: string
  readonly command: string
  /** What is shown below it; empty = the document does not say. */
  readonly shown: string
}

/** Returns the commands of the console blocks, in order. */
function readCommands(text: string): Command[] {
  return [...text.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    (block as string).split(/^(?=\$ )/m).map((source) => {
      // A command goes on over a backslash, a pipe or an indented line.
      const found = /^\$ ((?:.*(?:\\|\|)\n)*.*\n)([\s\S]*)$/.exec(source)
      if (!found) throw new Error(`no command: ${source}`)
      return { source, command: (found[1] as string).trim(), shown: found[2] as string }
    }),
  )
}

/** npx takes several times as long as most commands: one goes through it, the others straight to what it finds. */
const SHORT_WAY = 'npx() { shift; node dist/cli.js "$@"; }; '
const BY_NPX = 'npx shapserve inspect model'

t.test('every command gives what the documents show', { timeout: 600_000 }, async (t) => {
  // A copy, because `npm start` builds anew while other tests use the build.
  const checkout = t.testdir()
  for (const name of [
    'package.json',
    'tsconfig.json',
    'scripts',
    'src',
    'data',
    'model_checkpoint',
  ]) {
    // The kernels are compiled anew where their sources are younger.
    await cp(join(root, name), join(checkout, name), { recursive: true, preserveTimestamps: true })
  }
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const { kill, url } = await startServing('npm', ['start'], { cwd: checkout, env: { PORT: '0' } })
  t.teardown(() => kill('SIGTERM'))

  let byNpx = 0
  for (const [path, text] of documents) {
    let updated = text
    const commands = readCommands(text)
    if (!withoutCommands.includes(path)) t.ok(commands.length > 0, `${path} has commands`)
    for (const { source, command, shown } of commands) {
      if (command === 'npm ci && npm start') {
        t.equal(path, 'README.md', 'runs above; CI itself runs npm ci')
        continue
      }
      if (command.startsWith('npx shapserve serve')) {
        const direct = command.replace('npx shapserve', 'node dist/cli.js')
        const served = await startServing('bash', ['-c', `exec ${direct} --port 0`], {
          cwd: checkout,
        })
        t.equal((await fetch(`${served.url}/ping`)).status, 200, command)
        served.kill('SIGTERM')
        continue
      }
      const isByNpx = path === 'README.md' && command === BY_NPX
      if (isByNpx) byNpx++
      const { status, stdout, stderr } = await run(
        'bash',
        ['-c', `${isByNpx ? '' : SHORT_WAY}${command.replaceAll('http://127.0.0.1:8080', url)}`],
        { cwd: checkout },
      )
      t.equal(status, 0, `${path}: ${command}\n${stderr}`)
      // Where nothing is shown of an answer over HTTP, there is none: errors would go unseen.
      if (shown.trim() === '' && !command.includes('curl')) continue
      const printed = layOut(stdout, shown)
      t.equal(shown, printed, `${path}: ${command}`)
      const head = source.slice(0, source.length - shown.length)
      updated = updated.replace(source, () => `${head}${printed}`)
    }
    await write(path, updated)
  }
  t.equal(byNpx, 1, 'one goes through npx')

  for (const [made, shown] of Object.entries(pictures)) {
    const drawn = await readFile(join(checkout, made), 'utf8')
    const picture = join(root, 'docs', shown)
    if (update) await writeFile(picture, drawn)
    t.equal(await readFile(picture, 'utf8'), drawn, `the picture ${shown}`)
  }
})

/**
 * Returns what was printed, with the line breaks of what is shown where that is a JSON document of the same structure:
 * answers are one line, which a page would cut. A block cannot show a missing line break at the end either.
 */
function layOut(printed: string, shown: string): string {
  const token = /"(?:\\.|[^"\\])*"|[[\]{},:]|[^\s"[\]{},:]+/g
  const now = printed.match(token) ?? []
  const ended = printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`
  if (!printed.startsWith('{') || now.length !== (shown.match(token) ?? []).length) return ended
  return shown.replace(token, () => now.shift() as string)
}

t.test('the tables say what the program does', async (t) => {
  const trainers: { engine: string; name: string; estimator: Estimator }[] = []
  for (const [engine, { estimators }] of Object.entries(engines)) {
    for (const [name, load] of Object.entries(estimators))
      trainers.push({ engine, name, estimator: await load() })
  }
  const tables: Readonly<Record<string, readonly string[]>> = {
    params: trainers.flatMap(({ engine, name, estimator }) =>
      Object.entries(estimator.params).map(
        ([param, spec]) =>
          `| ${engine} | ${name} | \`${param}\`: ${spec.description} | ${spec.default ?? 'none'} | ${describeRange(spec)} |`,
      ),
    ),
    spaces: trainers.flatMap(({ engine, name, estimator }) =>
      Object.entries(estimator.searchSpace).map(
        ([param, dimension]) =>
          `| ${engine} | ${name} | \`${param}\` | ${describeDimension(dimension)} |`,
      ),
    ),
    settings: settings.map(
      ({ flag, negated, env, default: value, description }) =>
        `| ${[flag, ...(negated ? [negated] : [])].map((name) => `\`${name}\``).join(', ')} | ${env.map((name) => `\`${name}\``).join(', ')} | ${value} | ${description} |`,
    ),
    plots: Object.entries(plots).map(
      ([name, { rows, description, options }]) =>
        `| \`${name}\` | ${rows === undefined ? 'the model' : rows === 'one' ? 'one row' : 'rows'} | ${description} | ${describePlotOptions(options)} |`,
    ),
    warnings: Object.entries(warningCodes).map(([code, what]) => `| \`${code}\` | ${what} |`),
    errors: (Object.keys(inputErrorCodes) as (keyof typeof inputErrorCodes)[]).map(
      (code) => `| \`${code}\` | ${statusOfCode(code)} | ${inputErrorCodes[code]} |`,
    ),
  }
  const seen: string[] = []
  for (const [path, text] of documents) {
    const expected = text.replace(
      /<!-- (\w+) -->\n(.*\n\|[-|]+\|\n)[\s\S]*?<!-- \/\1 -->/g,
      (_, name: string, head: string) => {
        seen.push(name)
        const rows = tables[name] ?? [`there is no table ${name}`]
        return `<!-- ${name} -->\n${head}${rows.join('\n')}\n<!-- /${name} -->`
      },
    )
    t.equal(text, expected, `${path}; UPDATE_README=1 writes it`)
    await write(path, expected)
  }
  t.same(seen.sort(), Object.keys(tables).sort(), 'every table stands somewhere, once')
})

t.test('every link within the repository leads somewhere', async (t) => {
  for (const [path, text] of documents) {
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file, anchor] = (target as string).split('#') as [string, string?]
      const linked = file === '' ? path : join(dirname(path), file)
      t.ok(existsSync(join(root, linked)), `${path} links to ${target}`)
      if (anchor === undefined) continue
      const headings = [...(documents.get(linked) ?? '').matchAll(/^#+ (.*)$/gm)]
      t.ok(
        headings.some(([, heading]) => anchorOf(heading as string) === anchor),
        `${path} links to ${target}`,
      )
    }
  }
})

/** Returns the anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

/** Keeps what a document should say, for the next test and, if asked, in its file. */
async function write(path: string, text: string): Promise<void> {
  documents.set(path, text)
  if (update) await writeFile(join(root, path), text)
}

/** What a plot may be told, as a cell of a table. */
function describePlotOptions(options: PlotOptions): string {
  return Object.entries(options)
    .map(([name, option]) => {
      const range =
        option.kind === 'whole'
          ? `${option.minimum} to ${option.maximum}, default ${option.default}`
          : option.kind === 'choice'
            ? `${option.choices.join(', ')}; default ${option.default}`
            : ''
      return `\`${name}\`: ${option.description}${range === '' ? '' : ` (${range})`}`
    })
    .join('<br>')
}
