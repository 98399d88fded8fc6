/**
 * Compiles the AssemblyScript folders to WebAssembly and writes the bytes of each as a module beside it.
 * Does nothing for a module that is newer than its sources.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const modules = [
  {
    folder: 'shap/assembly/',
    entry: 'index.ts',
    target: 'shap/kernels.generated.ts',
    name: 'kernels',
    options: ['--enable', 'simd'],
  },
  {
    folder: 'estimators/native/assembly/',
    entry: 'index.ts',
    target: 'estimators/native/tree-grower.generated.ts',
    name: 'treeGrower',
    // All threads of a training work on one memory.
    options: [
      ...['--enable', 'threads', '--importMemory', '--sharedMemory'],
      ...['--initialMemory', '1', '--maximumMemory', '65536'],
    ],
  },
]

for (const module of modules) if (!isUpToDate(module)) await build(module)

function pathOf(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}

function isUpToDate({ folder, target }) {
  if (!existsSync(pathOf(target))) return false
  const made = statSync(pathOf(target)).mtimeMs
  const sources = readdirSync(pathOf(folder)).map((file) => pathOf(folder + file))
  return [...sources, pathOf('build-kernels.mjs')].every((file) => statSync(file).mtimeMs < made)
}

async function build(module) {
  const { error, stderr, binary } = await compile(module)
  if (error) {
    process.stderr.write(`${stderr}${error.message}\n`)
    process.exitCode = 1
    return
  }
  const base64 = Buffer.from(binary).toString('base64')
  const comment = `/** Made by src/build-kernels.mjs from ${module.folder}: a WebAssembly module in base64. */`
  writeFileSync(pathOf(module.target), `${comment}\nexport const ${module.name} =\n  '${base64}'\n`)
}

async function compile({ folder, entry, options }) {
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    [
      ...[entry, '--baseDir', pathOf(folder), '--outFile', 'out.wasm'],
      ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
      ...options,
    ],
    {
      writeFile: (name, content) => {
        if (name === 'out.wasm') binary = content
      },
    },
  )
  return { error, stderr, binary }
}
