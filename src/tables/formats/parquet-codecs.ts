/** Pages of a Parquet file, unpacked into memory of the size that they announce and no more. */
import type { CompressionCodec } from 'hyparquet'
import { compressors, decompressZstd } from 'hyparquet-compressors'

/**
 * Returns a page unpacked.
 * @throws RangeError for another length; whatever the library throws at bytes of another kind
 */
export function unpackPage(codec: CompressionCodec, packed: Uint8Array, size: number): Uint8Array {
  const unpacked = codec === 'UNCOMPRESSED' ? packed : unpackers[codec]?.(packed, size)
  if (unpacked?.length !== size) throw new RangeError('a page of another length')
  return unpacked
}

const unpackers: typeof compressors = { ...compressors, ZSTD: unpackZstd }

/** Without an array to write to, the library makes one as large as the frame says that it is. */
function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  if ((zstdContentSize(packed) ?? size) !== size) throw new RangeError('a page of another length')
  return decompressZstd(packed, new Uint8Array(size))
}

/** Returns the content size in a frame's header, where it is there (RFC 8878, 3.1.1.1). */
function zstdContentSize(frame: Uint8Array): number | undefined {
  const [, , , , descriptor = 0] = frame
  const flag = descriptor >> 6
  const isSingleSegment = (descriptor & 0x20) !== 0
  const bytes = flag > 0 ? 1 << flag : isSingleSegment ? 1 : 0
  if (bytes === 0) return undefined
  const from = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!
  let size = flag === 1 ? 256 : 0
  for (let i = 0; i < bytes; i++) size += (frame[from + i] ?? 0) * 2 ** (8 * i)
  return size
}
