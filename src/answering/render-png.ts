/** A drawing as pixels: the only file that knows resvg, which is loaded at the first picture. */
import { fileURLToPath } from 'node:url'
import { InputError } from '../errors.ts'

/** Most pixels of a picture; each takes four bytes while it is drawn. */
const MOST_PIXELS = 50e6

/** Returns where the font lies that texts are measured by: beside the bundle, or in its package. */
function findFont(): string {
  const isBundled = !import.meta.url.endsWith('.ts')
  const url = isBundled
    ? new URL('./DejaVuSans.ttf', import.meta.url)
    : import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  return fileURLToPath(url)
}

/**
 * Returns an SVG as PNG.
 * @param scale pixels of the picture per pixel of the drawing
 * @throws InputError `too_large` for more pixels than are drawn, `not_acceptable` where the renderer does not run
 */
export async function renderPng(svg: string, scale: number): Promise<Uint8Array> {
  const [, width = 0, height = 0] = (/ width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []).map(
    Number,
  )
  const pixels = width * height * scale * scale
  if (!(pixels <= MOST_PIXELS))
    throw new InputError(
      'too_large',
      `the picture would have ${Math.ceil(pixels / 1e6)} million pixels, at most ${MOST_PIXELS / 1e6} million are drawn; ask for scale=1, a smaller plot or image/svg+xml`,
    )
  const { Resvg } = await loadResvg()
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontFiles: [findFont()], loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  })
  return image.render().asPng()
}

async function loadResvg(): Promise<typeof import('@resvg/resvg-js')> {
  try {
    return await import('@resvg/resvg-js')
  } catch (cause) {
    throw new InputError(
      'not_acceptable',
      `PNG cannot be made on this machine (${(cause as Error).message.slice(0, 200)}), image/svg+xml can`,
    )
  }
}
