/**
 * Bundles chunks that are always loaded together into one file. esbuild makes a chunk of every set of modules that the
 * same entry points and dynamic imports reach: dozens of small files, each of which is found, read and linked on its own.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

/** One import or export of another chunk, as esbuild writes it; they stand at the beginning of a file. */
const LINK = /(import|export)(?:\{([^}]*)\}from)?"\.\/([\w-]+\.js)";?/y

/**
 * Merges chunks of a finished build with code splitting.
 * @param outdir where its files are
 * @param outputs its metafile's outputs
 * @param groups by the name of the file that chunks become, sources of entry points or dynamic imports all of which load
 *   them; a chunk goes to the first group that has it
 * @param banner what esbuild has put at the beginning of every file
 */
export async function mergeChunks({ outdir, outputs, groups, banner }) {
  const files = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]))
  const loadedBy = (source) =>
    new Set(
      [...files].flatMap(([file, { entryPoint }]) =>
        entryPoint === source ? [...staticClosure(files, file)] : [],
      ),
    )
  const taken = new Set()
  const homeOf = new Map()
  for (const [name, sources] of Object.entries(groups)) {
    const [first, ...others] = sources.map(loadedBy)
    const chunks = [...first].filter(
      (file) =>
        !files.get(file).entryPoint && !taken.has(file) && others.every((all) => all.has(file)),
    )
    for (const file of chunks) {
      taken.add(file)
      homeOf.set(file, name)
    }
  }
  const prefixes = new Map([...homeOf.keys()].map((file, i) => [file, `m${i}_`]))
  const texts = new Map()
  for (const file of files.keys()) texts.set(file, await readFile(join(outdir, file), 'utf8'))

  for (const name of Object.keys(groups)) {
    const members = [...homeOf.keys()].filter((file) => homeOf.get(file) === name)
    await build({
      stdin: {
        contents: members.map((file) => exportsOf(file, files, prefixes)).join('\n'),
        resolveDir: outdir,
      },
      outfile: join(outdir, name),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      minifyWhitespace: true,
      minifySyntax: true,
      logLevel: 'warning',
      banner: { js: banner },
      plugins: [
        membersOnly(members, (file) =>
          relink(texts.get(file).replace(banner, ''), prefixes, elsewhere(homeOf, name)),
        ),
      ],
    })
  }
  for (const [file, text] of texts) {
    if (homeOf.has(file)) await rm(join(outdir, file))
    else await writeFile(join(outdir, file), relink(text, prefixes, homeOf))
  }
}

function elsewhere(homeOf, name) {
  return new Map([...homeOf].filter(([, home]) => home !== name))
}

/** The files that a file loads before it runs, and itself. */
function staticClosure(files, from, found = new Set()) {
  if (found.has(from)) return found
  found.add(from)
  for (const { path, kind, external } of files.get(from).imports)
    if (kind === 'import-statement' && !external) staticClosure(files, basename(path), found)
  return found
}

function exportsOf(file, files, prefixes) {
  const names = files.get(file).exports
  const list = names.map((name) => `${name} as ${prefixes.get(file)}${name}`).join(',')
  return names.length > 0 ? `export{${list}}from"./${file}"` : `import"./${file}"`
}

/** The members' texts are read; every other file stays outside. */
function membersOnly(members, read) {
  return {
    name: 'members-only',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) => {
        const file = basename(path)
        return kind === 'import-statement' && members.includes(file)
          ? { path: file, namespace: 'member' }
          : { path, external: true }
      })
      onLoad({ filter: /./, namespace: 'member' }, ({ path }) => ({ contents: read(path) }))
    },
  }
}

/** Returns the text of a file with what it imports from merged chunks taken from the files that these are in now. */
function relink(text, prefixes, homeOf) {
  const start = text.search(/(?:import|export)(?:\{[^}]*\}from)?"\.\//)
  if (start < 0) return text
  const imports = []
  const bare = new Set()
  let end = start
  LINK.lastIndex = start
  for (let match = LINK.exec(text); match; match = LINK.exec(text)) {
    const [whole, word, list, file] = match
    end = LINK.lastIndex
    const home = homeOf.get(file)
    if (!home) imports.push(whole.replace(/;?$/, ';'))
    else if (list === undefined) bare.add(home)
    else imports.push(`${word}{${prefixed(list, prefixes.get(file))}}from"./${home}";`)
  }
  for (const home of bare)
    if (!imports.some((line) => line.includes(`"./${home}"`))) imports.push(`import"./${home}";`)
  return text.slice(0, start) + imports.join('') + text.slice(end)
}

function prefixed(list, prefix) {
  return list
    .split(',')
    .map((item) => {
      const [name, local = name] = item.split(' as ')
      return `${prefix}${name} as ${local}`
    })
    .join(',')
}
