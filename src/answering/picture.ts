/** Pictures in the type asked for: what of a request belongs to the plot, and a drawing as the bytes of the answer. */
import { findCodec } from '../codecs/index.ts'
import type { PlotOptions } from '../plots/plot.ts'
import { readOptions } from '../plots/read-options.ts'
import type { MediaType } from './media-type.ts'

/** What pictures of pixels may be told besides the plot's own options. */
export const pixelOptions = {
  scale: {
    kind: 'whole',
    description: 'pixels of a PNG per pixel of the drawing',
    minimum: 1,
    maximum: 4,
    default: 2,
  },
} as const satisfies PlotOptions

/** Whether a type is of pixels, which take a while to draw. */
export function isOfPixels({ essence }: MediaType): boolean {
  return findCodec(essence)?.picture === 'pixels'
}

/** Returns the options of the plot; nobody's scheme can be followed by pixels. */
export function plotParameters(answer: MediaType): ReadonlyMap<string, string> {
  const { parameters } = answer
  const theme = parameters.get('theme') ?? 'auto'
  return isOfPixels(answer) && theme === 'auto'
    ? new Map([...parameters, ['theme', 'light']])
    : parameters
}

/** Returns a drawing as the answer has it. @throws InputError as the renderer does */
export async function encodePicture(svg: string, answer: MediaType): Promise<string | Uint8Array> {
  if (!isOfPixels(answer)) return svg
  const { scale } = readOptions(pixelOptions, answer.parameters)
  const { renderPng } = await import('./render-png.ts')
  return renderPng(svg, scale)
}
