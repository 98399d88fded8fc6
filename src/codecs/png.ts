/** Explanations as a picture of pixels, for whatever shows no drawings. */
import type { Codec } from './codec.ts'

/** The plot that the media type names, such as `image/png;plot=waterfall;scale=3`. */
export const png = {
  name: 'png',
  mediaTypes: ['image/png'],
  form: 'binary',
  picture: 'pixels',
} satisfies Codec
