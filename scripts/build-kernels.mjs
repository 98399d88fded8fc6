/**
 * Compiles the AssemblyScript folders to WebAssembly and writes the bytes of each as a module beside it, and the
 * layout of what the kernels read as a module of named constants. Does nothing for a module that is newer than its
 * sources.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const modules = [
  {
    folder: 'src/trees/assembly/',
    target: 'src/trees/kernels.generated.ts',
    layout: 'src/trees/layout.generated.ts',
    name: 'kernels',
    options: ['--enable', 'simd'],
  },
  {
    folder: 'src/estimators/native/assembly/',
    target: 'src/estimators/native/tree-grower.generated.ts',
    name: 'treeGrower',
    // All threads of a training work on one memory.
    options: [
      ...['--enable', 'threads', '--importMemory', '--sharedMemory'],
      ...['--initialMemory', '1', '--maximumMemory', '65536'],
    ],
  },
  {
    folder: 'src/answering/capture/assembly/',
    target: 'src/answering/capture/line-kernel.generated.ts',
    name: 'lineKernel',
    options: ['--enable', 'simd'],
  },
]

/**
 * Builds every module whose sources changed.
 * @throws Error with the compiler's messages
 */
export async function buildKernels() {
  for (const module of modules) if (!isUpToDate(module)) await build(module)
}

function pathOf(name) {
  return fileURLToPath(new URL(`../${name}`, import.meta.url))
}

function isUpToDate({ folder, target, layout }) {
  const targets = [target, layout].filter(Boolean).map(pathOf)
  if (!targets.every(existsSync)) return false
  const made = Math.min(...targets.map((path) => statSync(path).mtimeMs))
  const sources = readdirSync(pathOf(folder)).map((file) => pathOf(folder + file))
  return [...sources, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < made)
}

async function build({ folder, target, layout, name, options }) {
  const base64 = Buffer.from(await compile(folder, 'index.ts', options)).toString('base64')
  const comment = `/** Made by scripts/build-kernels.mjs from ${folder}: a WebAssembly module in base64. */`
  writeFileSync(pathOf(target), `${comment}\nexport const ${name} =\n  '${base64}'\n`)
  if (layout) writeFileSync(pathOf(layout), formatLayout(folder, await readLayout(folder)))
}

/** Returns the constants of a folder's layout.ts, as the compiler computes them. */
export async function readLayout(folder) {
  // The compiler does not export what it inlines.
  const binary = await compile(folder, 'layout.ts', [], (text) => text.replaceAll('@inline', ''))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary))
  return Object.entries(exports).flatMap(([name, { value }]) =>
    value === undefined ? [] : [[name, value]],
  )
}

function formatLayout(folder, constants) {
  const comment = `/** Made by scripts/build-kernels.mjs from ${folder}layout.ts, which says what they mean: bytes. */`
  return [comment, ...constants.map(([name, value]) => `export const ${name} = ${value}`), ''].join(
    '\n',
  )
}

/** @throws Error with the compiler's messages */
async function compile(folder, entry, options, change = (text) => text) {
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    [
      ...[entry, '--baseDir', pathOf(folder), '--outFile', 'out.wasm'],
      ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
      ...options,
    ],
    {
      readFile: (name, base) => {
        const path = resolve(base, name)
        return existsSync(path) ? change(readFileSync(path, 'utf8')) : null
      },
      writeFile: (name, content) => {
        if (name === 'out.wasm') binary = content
      },
    },
  )
  if (error) throw new Error(`${folder}${entry}: ${stderr}${error.message}`)
  return binary
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels()
