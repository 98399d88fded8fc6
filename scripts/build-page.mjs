/** The model's page as one file: script and styles in it, and the same packed, so that nothing else is asked for. */
import { readFile, writeFile } from 'node:fs/promises'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, transform } from 'esbuild'

/**
 * Writes page.html, page.html.gz and page.html.br; returns esbuild's facts about the script.
 * @param {string} root of the repository, with a slash at its end
 */
export async function buildPage(root) {
  const [skeleton, css, { outputFiles, metafile }] = await Promise.all([
    readFile(`${root}src/page/page.html`, 'utf8'),
    readFile(`${root}src/page/page.css`, 'utf8'),
    build({
      absWorkingDir: root,
      entryPoints: ['src/page/main.tsx'],
      bundle: true,
      metafile: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      target: ['es2022', 'chrome105', 'firefox110', 'safari16'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      tsconfigRaw: {},
      minify: true,
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'warning',
    }),
  ])
  const { code: style } = await transform(css, { loader: 'css', minify: true })
  const [script] = outputFiles
  // Functions, because a replacement's text would be searched for dollar signs.
  const html = skeleton
    .replace('/*style*/', () => style.trim())
    .replace('/*script*/', () => script.text.trim())
  const bytes = Buffer.from(html)
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  await Promise.all([
    writeFile(`${root}dist/page.html`, bytes),
    writeFile(`${root}dist/page.html.gz`, gzipSync(bytes, { level: 9 })),
    writeFile(`${root}dist/page.html.br`, brotliCompressSync(bytes, quality)),
  ])
  return metafile
}
