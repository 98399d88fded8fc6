/** Writes a model's files as the archive that SageMaker unpacks into /opt/ml/model: same files, same bytes. */
import { gzipSync } from 'fflate/browser'
import { ArtifactError } from '../errors.ts'

const BLOCK = 512
/** Longest name that a plain header holds, in bytes. */
const MAX_NAME = 100

/**
 * Returns a gzipped POSIX ustar archive of files. Names are sorted, owner, mode and time are constants, and the
 * compressor comes with this program, so that the bytes depend on the files alone.
 * @param files bytes by name, without folders
 * @throws ArtifactError `invalid` for a name that a header has no room for
 */
export function packTarGz(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  const blocks = sorted.flatMap(([name, bytes]) => [
    headerOf(name, bytes.length),
    bytes,
    new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ])
  // Two empty blocks end an archive.
  return gzipSync(Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]), { mtime: 0 })
}

function headerOf(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME || name.includes('/'))
    throw new ArtifactError('invalid', `${JSON.stringify(name)} cannot be a file of an archive`)
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0'.repeat(2), 108)
  header.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\0'.concat('00'), 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
