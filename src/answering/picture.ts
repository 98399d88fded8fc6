/** Pictures in the type asked for: what of a request belongs to the plot, and a drawing as the bytes of the answer. */
import { findCodec } from '../codecs/index.ts'
import { type DataFrame, takeRows } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { commonOptions, type Plot, type PlotOptions } from '../plots/plot.ts'
import { readOptions } from '../plots/read-options.ts'
import type { MediaType } from './media-type.ts'

/** What pictures of pixels may be told besides the plot's own options. */
const pixelOptions = {
  scale: {
    kind: 'whole',
    description: 'pixels of a PNG per pixel of the drawing',
    minimum: 1,
    maximum: 4,
    default: 2,
  },
} as const satisfies PlotOptions

/** What plots of one row may be told besides their own options. */
const rowOptions = {
  row: {
    kind: 'whole',
    description: 'which of several rows is shown, from 1; 0 = the only one',
    minimum: 0,
    maximum: 999_999,
    default: 0,
  },
} as const satisfies PlotOptions

/** Returns every option of a plot, those that belong to its rows and its type included. */
export function pictureOptions(plot: Pick<Plot, 'rows' | 'options'>): PlotOptions {
  return {
    ...plot.options,
    ...commonOptions,
    ...pixelOptions,
    ...(plot.rows === 'one' ? rowOptions : {}),
  }
}

/** Returns the rows that a plot shows. @throws InputError `invalid_option` for a row that there is not */
export function rowsShown(
  frame: DataFrame,
  plot: Pick<Plot, 'rows'>,
  parameters: ReadonlyMap<string, string>,
): DataFrame {
  if (plot.rows !== 'one') return frame
  const { row } = readOptions(rowOptions, parameters)
  if (row === 0) return frame
  if (row <= frame.length) return takeRows(frame, Int32Array.of(row - 1))
  throw new InputError('invalid_option', `row is ${row}, there are ${frame.length} rows`)
}

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
