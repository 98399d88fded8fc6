/** Explanations as a picture. */
import { drawPlot } from '../plots/index.ts'
import type { Codec } from './codec.ts'

/** The plot that the media type names, such as `image/svg+xml;plot=waterfall;max_bars=5`. */
export const svg = {
  name: 'svg',
  mediaTypes: ['image/svg+xml'],
  form: 'text',
  encodeExplanations: (explanations, { mediaParameters }) =>
    drawPlot(explanations, mediaParameters),
} satisfies Codec
