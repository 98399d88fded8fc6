/** `npm run bench -- NAME [ARGUMENT…]`: bundles bench/NAME.ts to a temporary file and runs it at the project's root. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const directory = fileURLToPath(new URL('.', import.meta.url))
/** Not benchmarks but what benchmarks share, and a program of its own. */
const shared = new Set([
  ...['data.ts', 'csv-data.ts', 'grown-forest.ts', 'python-side.ts', 'fuzz.ts'],
])

/** Run as they are, by the types that Node strips: one starts threads of the sources, one a browser. */
const plain = new Set(['hop', 'page'])

async function main() {
  const [name, ...rest] = process.argv.slice(2)
  const names = (await readdir(directory))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !shared.has(file))
    .map((file) => file.slice(0, -'.ts'.length))
  if (name === undefined || !names.includes(name)) {
    const what = name === undefined ? 'usage: npm run bench -- NAME' : `there is no "${name}"`
    console.error(`${what}; there are: ${names.join(', ')}`)
    return 2
  }
  const output = await mkdtemp(join(tmpdir(), 'shapserve-bench-'))
  try {
    const entry = join(directory, `${name}.ts`)
    const outfile = plain.has(name) ? entry : join(output, `${name}.mjs`)
    if (outfile !== entry)
      await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      logLevel: 'warning',
      // A native module, which only a PNG loads, and what only a spreadsheet does.
      external: ['@resvg/resvg-js', 'read-excel-file/universal'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    })
    const root = fileURLToPath(new URL('..', import.meta.url))
    const child = spawn(process.execPath, [outfile, ...rest], { cwd: root, stdio: 'inherit' })
    // Ctrl-C reaches the child too; what it started is stopped there.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    const [status] = await once(child, 'close')
    return status ?? 1
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

process.exitCode = await main()
