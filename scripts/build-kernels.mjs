/**
 * Compiles the AssemblyScript folders to WebAssembly and writes the bytes of each as a module beside it.
 * Does nothing for a module that is newer than its sources.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const modules = [
  {
    folder: 'src/trees/assembly/',
    target: 'src/trees/kernels.generated.ts',
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

function isUpToDate({ folder, target }) {
  if (!existsSync(pathOf(target))) return false
  const made = statSync(pathOf(target)).mtimeMs
  const sources = readdirSync(pathOf(folder)).map((file) => pathOf(folder + file))
  return [...sources, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < made)
}

async function build({ folder, target, name, options }) {
  const { error, stderr, binary } = await compile(folder, options)
  if (error) throw new Error(`${folder}: ${stderr}${error.message}`)
  const base64 = Buffer.from(binary).toString('base64')
  const comment = `/** Made by scripts/build-kernels.mjs from ${folder}: a WebAssembly module in base64. */`
  writeFileSync(pathOf(target), `${comment}\nexport const ${name} =\n  '${base64}'\n`)
}

async function compile(folder, options) {
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    [
      ...['index.ts', '--baseDir', pathOf(folder), '--outFile', 'out.wasm'],
      ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
      ...options,
    ],
    {
      writeFile: (name, content) => {
        if (name === 'out.wasm') binary = content
      },
    },
  )
  return { error, stderr: stderr.toString(), binary }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels()
