/**
 * Compiles the kernels in this folder to WebAssembly and writes the bytes as a module: ../kernels.generated.ts.
 * Does nothing while that is newer than the sources.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('.', import.meta.url))
const target = fileURLToPath(new URL('../kernels.generated.ts', import.meta.url))
if (!isUpToDate()) await build()

function isUpToDate() {
  if (!existsSync(target)) return false
  const made = statSync(target).mtimeMs
  return readdirSync(folder).every((file) => statSync(folder + file).mtimeMs < made)
}

async function build() {
  const { error, stderr, binary } = await compile()
  if (error) {
    process.stderr.write(`${stderr}${error.message}\n`)
    process.exitCode = 1
    return
  }
  const base64 = Buffer.from(binary).toString('base64')
  const comment =
    '/** Made by assembly/build.mjs: the WebAssembly module of the kernels, in base64. */'
  writeFileSync(target, `${comment}\nexport const kernels =\n  '${base64}'\n`)
}

async function compile() {
  const options = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd']
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    ['index.ts', '--baseDir', folder, '--outFile', 'kernels.wasm', ...options],
    {
      writeFile: (name, content) => {
        if (name === 'kernels.wasm') binary = content
      },
    },
  )
  return { error, stderr, binary }
}
