/**
 * In the build of the image, after `npm ci` and `npm run build`: leaves of node_modules what dist/ loads, and writes
 * what the image holds.
 *
 * - `sbom.cdx.json`: CycloneDX as `npm sbom` makes it, less the packages whose code is neither in dist/ nor beside it.
 * - `licenses/`: the licences of the packages whose code is in dist/ alone.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { externalPackages } from './external-packages.mjs'

/** What nothing loads at run time: types, maps, documents but for licences, TypeScript. */
const unused = /\.(map|ts|mts|cts|tsx|markdown)$|^(?!licen[cs]e|notice|copying).*\.md$/i
/** Folders that packages ship by mistake. */
const unusedFolders = new Set(['test', 'tests', '__tests__', 'examples', 'docs', '.github'])
const isLicence = (name) => /^(licen[cs]e|notice|copying)/i.test(name)

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const { optionalDependencies = {} } = packages['']
const bundled = JSON.parse(readFileSync('dist/bundled-packages.json', 'utf8'))
const kept = withDependencies(
  externalPackages
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
    // What a command offers where it is installed; serving and training never need it.
    .filter((name) => !(name in optionalDependencies)),
)

writeSbom(new Set([...kept, ...bundled]))
for (const folder of bundled.filter((folder) => !kept.has(folder))) keepLicences(folder)
for (const folder of packageFolders('node_modules')) if (!kept.has(folder)) removePackage(folder)
for (const name of ['.bin', '.package-lock.json', '.cache'])
  rmSync(join('node_modules', name), { recursive: true, force: true })
for (const folder of kept) removeUnused(folder)

/** Returns the folders of packages and of all that they depend on, as far as those are installed. */
function withDependencies(names) {
  const found = new Set()
  const visit = (from, name) => {
    const folder = resolve(from, name)
    if (folder === undefined || found.has(folder)) return
    found.add(folder)
    const { dependencies, optionalDependencies: optional, peerDependencies } = packages[folder]
    for (const other of Object.keys({ ...dependencies, ...optional, ...peerDependencies }))
      visit(folder, other)
  }
  for (const name of names) visit('', name)
  return found
}

/** Returns where Node would find a package, from the innermost folder outwards; undefined where it is not installed. */
function resolve(from, name) {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const tried = join(folder, 'node_modules', name)
    if (packages[tried] && isThere(tried)) return tried
    if (folder === '') return undefined
  }
}

function isThere(folder) {
  try {
    return readdirSync(folder).includes('package.json')
  } catch {
    return false
  }
}

/** Returns the folders of all packages below, the innermost first. */
function packageFolders(modules) {
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@')
      ? readdirSync(join(modules, name)).map((own) => `${name}/${own}`)
      : name.startsWith('.')
        ? []
        : [name],
  )
  return names.flatMap((name) => {
    const folder = join(modules, name)
    const inner = readdirSync(folder).includes('node_modules')
      ? packageFolders(join(folder, 'node_modules'))
      : []
    return [...inner, folder]
  })
}

/** Removes a package, but not those in it that stay. */
function removePackage(folder) {
  const holdsKept = [...kept].some((other) => other.startsWith(`${folder}/node_modules/`))
  for (const name of readdirSync(folder))
    if (!(holdsKept && name === 'node_modules'))
      rmSync(join(folder, name), { recursive: true, force: true })
  if (!holdsKept) rmSync(folder, { recursive: true })
}

function removeUnused(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name === 'node_modules') continue
    if (entry.isDirectory() && !unusedFolders.has(entry.name)) removeUnused(path)
    else if (entry.isDirectory() || unused.test(entry.name)) rmSync(path, { recursive: true })
  }
}

function keepLicences(folder) {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  for (const file of readdirSync(folder).filter(isLicence))
    cpSync(join(folder, file), join('licenses', name, file), { recursive: true })
}

/** Writes the list of npm without the packages that are not here. */
function writeSbom(folders) {
  const format = ['--sbom-format=cyclonedx', '--sbom-type=application']
  const sbom = JSON.parse(execFileSync('npm', ['sbom', ...format], { maxBuffer: 2 ** 28 }))
  const nameOf = (folder) => folder.slice(folder.lastIndexOf('node_modules/') + 13)
  const here = new Set(
    [...folders].map((folder) => `${nameOf(folder)}@${packages[folder].version}`),
  )
  const own = sbom.metadata.component['bom-ref']
  // npm names the project after its folder.
  sbom.metadata.component.name = packages[''].name
  sbom.components = sbom.components.filter((component) => here.has(component['bom-ref']))
  // What only building needs is marked so by npm; the code of some of it is here all the same.
  for (const component of sbom.components)
    component.properties = component.properties?.filter(
      ({ name }) => name !== 'cdx:npm:package:development',
    )
  sbom.dependencies = sbom.dependencies
    .filter(({ ref }) => ref === own || here.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((to) => here.has(to)) }))
  const missing = [...here].filter(
    (ref) => !sbom.components.some((component) => component['bom-ref'] === ref),
  )
  if (missing.length > 0) throw new Error(`the list of npm lacks ${missing.join(', ')}`)
  writeFileSync('sbom.cdx.json', `${JSON.stringify(sbom)}\n`)
}
