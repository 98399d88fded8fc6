/** Which packages' code is in dist/: for the list of what an image holds, and for their licences. */
import { writeFile } from 'node:fs/promises'

/** What is there without a bundle: the font of pictures, and the library that the kernels are compiled with. */
const beside = ['node_modules/dejavu-fonts-ttf', 'node_modules/assemblyscript']

/**
 * Writes dist/bundled-packages.json: the packages' folders, sorted.
 * @param {string} root of the repository, with a slash at its end
 * @param {{ inputs: Record<string, unknown> }[]} metafiles esbuild's, of all bundles
 */
export async function writeBundledPackages(root, metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inputs.flatMap((path) => folderOf(path) ?? [])
  const list = [...new Set([...beside, ...folders])].sort()
  await writeFile(`${root}dist/bundled-packages.json`, `${JSON.stringify(list, null, 1)}\n`)
}

/** Returns the folder of the package that a file belongs to, the innermost one. */
function folderOf(path) {
  return /^(?:.*:)?((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
}
