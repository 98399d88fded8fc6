/** Explanations as a picture. */
import type { Codec } from './codec.ts'

/** The plot that the media type names, such as `image/svg+xml;plot=waterfall;max_bars=5`. */
export const svg = {
  name: 'svg',
  mediaTypes: ['image/svg+xml'],
  form: 'text',
  picture: 'drawing',
} satisfies Codec
