import type { Codec } from './codec.ts'
import { csv } from './csv.ts'
import { json } from './json.ts'
import { jsonLines } from './json-lines.ts'
import { libsvm } from './libsvm.ts'
import { npy } from './npy.ts'
import { parquet } from './parquet.ts'
import { png } from './png.ts'
import { recordioProtobuf } from './recordio-protobuf.ts'
import { svg } from './svg.ts'

/** Every content type, the default answer first. */
export const codecs: readonly Codec[] = [
  json,
  csv,
  jsonLines,
  npy,
  libsvm,
  recordioProtobuf,
  parquet,
  svg,
  png,
]

const codecOf = new Map(codecs.flatMap((codec) => codec.mediaTypes.map((type) => [type, codec])))

/** Returns the codec of a media type without parameters, in lower case. */
export function findCodec(mediaType: string): Codec | undefined {
  return codecOf.get(mediaType)
}

/** Media types that requests may have. */
export const requestTypes: readonly string[] = codecs
  .filter(({ decode }) => decode)
  .flatMap(({ mediaTypes }) => mediaTypes)

/** Media types that predictions and explanations may be asked in. */
export const answerTypes = {
  predict: codecs
    .filter(({ encodePredictions }) => encodePredictions)
    .flatMap(({ mediaTypes }) => mediaTypes),
  explain: codecs.filter(holdsExplanations).flatMap(({ mediaTypes }) => mediaTypes),
} as const

/** Whether explanations can be answered in a codec's types: row by row, or as a plot. */
export function holdsExplanations({ encodeExplanations, picture }: Codec): boolean {
  return encodeExplanations !== undefined || picture !== undefined
}
