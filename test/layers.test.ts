/** The structure of `src`: every file in a listed folder, imports down only, no cycle, no file over 300 lines. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const source = join(import.meta.dirname, '../src')

/**
 * From the top down: a file imports from its own folder and from those below it. `pure` folders import nothing of
 * Node, HTTP, logs or terminals; `from` names the only folders that may import one.
 */
const layers: readonly { name: string; pure?: true; from?: readonly string[] }[] = [
  { name: 'cli.ts' },
  { name: 'commands' },
  { name: 'processes', from: ['commands'] },
  { name: 'http', from: ['commands', 'processes'] },
  { name: 'answering', from: ['http', 'commands'] },
  { name: 'config.ts' },
  { name: 'settings', from: ['config.ts'] },
  { name: 'training', from: ['commands'] },
  { name: 'tables' },
  { name: 'model-directory' },
  // One mechanism for the threads of requests, of loads and of trainings, and what the machine grants them; all it
  // knows of this program is its errors.
  { name: 'threads', from: ['answering', 'processes', 'training', 'tables'] },
  // Runs in browsers; the server shares what it tells the page.
  { name: 'page', pure: true, from: ['http'] },
  // A directory of another program is imported in memory when it is served.
  { name: 'import', pure: true, from: ['commands', 'model-directory'] },
  { name: 'report', pure: true, from: ['commands', 'answering'] },
  { name: 'export', pure: true, from: ['commands'] },
  { name: 'predictor', pure: true },
  { name: 'codecs', pure: true },
  { name: 'plots', pure: true },
  { name: 'artifact', pure: true },
  { name: 'counterfactual', pure: true, from: ['predictor'] },
  { name: 'evaluation', pure: true },
  { name: 'estimators', pure: true, from: ['training'] },
  { name: 'preprocess', pure: true },
  { name: 'models', pure: true },
  { name: 'shap', pure: true },
  { name: 'trees', pure: true },
  { name: 'tables/formats', pure: true },
  { name: 'data', pure: true },
  { name: 'errors.ts', pure: true },
  { name: 'near-names.ts', pure: true },
  { name: 'hidden-characters.ts', pure: true },
  { name: 'version.ts', pure: true },
]

/** Packages of the shell: what a pure folder must not know. */
const shell = /^(node:|fastify$|@fastify\/|pino$|piscina$|commander$|cli-progress$|picocolors$)/

/** A file may be this long, and half of all files this much. */
const MOST_LINES = 300
const MEDIAN_LINES = 100

interface SourceFile {
  readonly path: string
  readonly lines: number
  readonly layer: number
  /** Files of `src` that it imports, types included. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

/** Position of the folder that a file belongs to: the listed one with the longest name. */
function layerOf(path: string): number {
  const found = layers
    .map(({ name }, at) => ({ name, at }))
    .filter(({ name }) => path === name || path.startsWith(`${name}/`))
  return found.sort((a, b) => b.name.length - a.name.length)[0]?.at ?? -1
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(source, path), 'utf8')
  const asked = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  )
  return {
    path,
    lines: text.split('\n').length - 1,
    layer: layerOf(path),
    imports: asked.filter((name) => name.startsWith('.')).map((name) => join(path, '..', name)),
    packages: asked.filter((name) => !name.startsWith('.')),
  }
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.d\.ts$|\.generated\.ts$/.test(path))
  .sort()
  .map(readSource)
/** AssemblyScript is a language of its own, compiled to one module; only its length is looked at. */
const modules = files.filter(({ path }) => !path.includes('/assembly/'))

/** Strongly connected components of more than one file, by Tarjan's algorithm. */
function cycles(): string[][] {
  const edges = new Map(modules.map(({ path, imports }) => [path, imports]))
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (path: string): number => {
    const own = index.size
    index.set(path, own)
    low.set(path, own)
    stack.push(path)
    for (const next of edges.get(path) ?? []) {
      if (!edges.has(next)) continue
      const reach = index.has(next) ? (stack.includes(next) ? index.get(next) : own) : visit(next)
      low.set(path, Math.min(low.get(path) ?? own, reach ?? own))
    }
    if (low.get(path) === own) {
      const members = stack.splice(stack.indexOf(path))
      if (members.length > 1) found.push(members)
    }
    return low.get(path) ?? own
  }
  for (const path of edges.keys()) if (!index.has(path)) visit(path)
  return found
}

t.test('every file stands in a listed folder', (t) => {
  const strangers = files.filter(({ layer }) => layer < 0).map(({ path }) => path)
  t.strictSame(strangers, [])
  const used = new Set(files.map(({ layer }) => layer))
  t.strictSame(
    layers.filter((_, at) => !used.has(at)).map(({ name }) => name),
    [],
    'no folder is listed in vain',
  )
  t.end()
})

t.test('imports go down only, types included', (t) => {
  const up = modules.flatMap(({ path, layer, imports }) =>
    imports.filter((name) => layerOf(name) < layer).map((name) => `${path} -> ${name}`),
  )
  t.strictSame(up, [])
  t.end()
})

t.test('some folders are reached from few others', (t) => {
  const stray = modules.flatMap(({ path, layer, imports }) =>
    imports
      .filter((name) => {
        const { from } = layers[layerOf(name)] ?? {}
        const own = layers[layer]?.name ?? ''
        return from && layerOf(name) !== layer && !from.includes(own)
      })
      .map((name) => `${path} -> ${name}`),
  )
  t.strictSame(stray, [])
  t.end()
})

t.test('no cycle, types included', (t) => {
  t.strictSame(cycles(), [])
  t.end()
})

t.test('pure folders know no shell', (t) => {
  const impure = modules.flatMap(({ path, layer, packages }) =>
    layers[layer]?.pure
      ? packages.filter((name) => shell.test(name)).map((name) => `${path} -> ${name}`)
      : [],
  )
  t.strictSame(impure, [])
  const below = layers.flatMap(({ name, pure }, at) =>
    pure
      ? layers
          .slice(at)
          .filter((layer) => !layer.pure)
          .map((layer) => `${name}: ${layer.name}`)
      : [],
  )
  t.strictSame(below, [], 'what lies below a pure folder is pure')
  t.end()
})

t.test('the page knows no package but Preact, and asks for nothing that runs elsewhere', (t) => {
  const own = modules.filter(({ layer }) => layers[layer]?.name === 'page')
  const strangers = own.flatMap(({ path, packages, imports }) => [
    ...packages.filter((name) => !/^preact(\/|$)/.test(name)).map((name) => `${path} -> ${name}`),
    ...imports
      .filter((name) => !/^(page|plots|data)\//.test(name))
      .map((name) => `${path} -> ${name}`),
  ])
  t.strictSame(strangers, [])
  t.end()
})

t.test('every function that others call says what it does', (t) => {
  // A component is named by its file, and a command's flags say what it does.
  const told = modules.filter(({ path }) => !/^page\/.*\.tsx$/.test(path))
  const silent = told.flatMap(({ path }) => {
    const lines = readFileSync(join(source, path), 'utf8').split('\n')
    return lines.flatMap((line, at) => {
      const [, name] = /^export (?:async )?function\*? (\w+)/.exec(line) ?? []
      if (name === undefined || /^declare[A-Z]/.test(name)) return []
      // Overloads stand below one description.
      let above = at - 1
      while (/^(export function| {2}|\))/.test(lines[above] ?? '')) above--
      return /\*\/\s*$/.test(lines[above] ?? '') ? [] : [`${path}: ${name}`]
    })
  })
  t.strictSame(silent, [])
  t.end()
})

t.test("AWS's SDK is known to two files, and to no installation that does not ask for it", (t) => {
  const knowing = modules.filter(({ packages }) => packages.some((name) => /^@aws-sdk/.test(name)))
  const folder = 'commands/sagemaker/launcher'
  t.strictSame(
    knowing.map(({ path }) => path),
    [`${folder}/aws-types.ts`, `${folder}/aws.ts`],
  )
  const packageJson = JSON.parse(readFileSync(join(source, '../package.json'), 'utf8'))
  const { dependencies, optionalDependencies = {}, peerDependencies } = packageJson
  const isAws = (name: string) => name.startsWith('@aws-sdk/')
  t.strictSame(Object.keys({ ...dependencies, ...optionalDependencies }).filter(isAws), [])
  for (const name of Object.keys(peerDependencies))
    t.equal(packageJson.peerDependenciesMeta[name]?.optional, true, name)
  t.end()
})

t.test('files are short', (t) => {
  const long = files.filter(({ lines }) => lines > MOST_LINES)
  t.strictSame(
    long.map(({ path, lines }) => `${path} ${lines}`),
    [],
  )
  const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  t.ok(median <= MEDIAN_LINES, `the median file has ${median} lines`)
  const longest = sorted.at(-1)
  t.comment(
    `${files.length} files in ${layers.length} layers, median ${median} lines, longest ${longest}, ` +
      `${modules.reduce((sum, { imports }) => sum + imports.length, 0)} imports, ${cycles().length} cycles`,
  )
  t.end()
})
