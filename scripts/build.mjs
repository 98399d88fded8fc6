/** `npm run build`: the kernels, then one bundle per entry point into dist/, sharing what they have in common. */
import { chmod, copyFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildKernels } from './build-kernels.mjs'
import { buildPage } from './build-page.mjs'
import { writeBundledPackages } from './bundled-packages.mjs'
import { externalPackages } from './external-packages.mjs'
import { mergeChunks } from './merge-chunks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The executable, and the files that threads and processes begin with. */
const entryPoints = [
  'src/cli.ts',
  'src/answering/job-thread.ts',
  'src/answering/loader-thread.ts',
  'src/processes/served-process.ts',
  'src/training/measuring-thread.ts',
  'src/training/training-thread.ts',
]

/** Bundled CommonJS packages ask for Node's own modules with `require`, which an ES module does not have. */
const banner =
  "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);"

/**
 * Importing one of Node's own modules reads everything that it exports, also what is made when it is first read:
 * `node:http` then loads a whole fetch client, a third of the start of `serve`. Here only what is used is read.
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'lazy-builtin' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'lazy-builtin' }, async ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path))
      const declared = names.map((name, i) => `const v${i} = /* @__PURE__ */ read('${name}')`)
      const exported = names.map((name, i) => `v${i} as ${name}`)
      return {
        contents: [
          `const all = /* @__PURE__ */ process.getBuiltinModule('${path}')`,
          'const read = (name) => all[name]',
          ...declared,
          `export { ${exported.join(', ')}, all as default }`,
        ].join('\n'),
      }
    })
  },
}

/** Its users run commands in processes, which no command of this program has. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'lazy-child-process' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'lazy-child-process' }, () => ({
      contents: "exports.spawn = (...facts) => require('child_process').spawn(...facts)",
    }))
  },
}

/** Fastify asks for it at once, and uses it for plugins that name the versions they are made for. */
const lazySemver = {
  name: 'lazy-semver',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^semver$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: 'lazy-semver',
      pluginData: resolveDir,
    }))
    onLoad({ filter: /./, namespace: 'lazy-semver' }, ({ pluginData }) => ({
      contents: ['satisfies', 'gt', 'coerce']
        .map(
          (name) => `exports.${name} = (...facts) => require('semver/index.js').${name}(...facts)`,
        )
        .join('\n'),
      resolveDir: pluginData,
    }))
  },
}

await buildKernels()
await rm(`${root}dist`, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  external: externalPackages,
  plugins: [lazyBuiltins, lazyChildProcess, lazySemver],
  // Names stay: a defect of ours prints where it is.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: banner },
  logLevel: 'warning',
  metafile: true,
})
await mergeChunks({
  outdir: `${root}dist`,
  outputs: metafile.outputs,
  groups: {
    // What every thread and the executable have: no thread loads what reads arguments.
    'base.js': ['src/cli.ts', 'src/answering/job-thread.ts'],
    'command.js': ['src/cli.ts'],
    'settings.js': ['src/commands/serve.ts'],
    'core.js': ['src/answering/job-thread.ts'],
    'server.js': ['src/http/server.ts'],
    'routes.js': ['src/http/app.ts'],
  },
  banner,
})
await chmod(`${root}dist/cli.js`, 0o755)
// What texts of plots are drawn in as PNG, and the terms that it comes with.
const font = `${root}node_modules/dejavu-fonts-ttf`
await copyFile(`${font}/ttf/DejaVuSans.ttf`, `${root}dist/DejaVuSans.ttf`)
await copyFile(`${font}/LICENSE`, `${root}dist/DejaVuSans.LICENSE`)
const page = await buildPage(root)
await writeBundledPackages(root, [metafile, page])
