/**
 * What zip archives are made of (PKWARE's APPNOTE.TXT 4.3): where the directory stands, its entries, and where an entry's
 * bytes begin. Readers bring the bytes, their limits and the unpacking.
 */

/** A member of an archive, as the directory tells it. */
export interface ZipEntry {
  readonly name: string
  /** 0: stored, 8: deflated; others are not read. */
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc: number
  readonly packedSize: number
  /** Bytes that it unpacks to, as the archive says. */
  readonly size: number
  /** Where its local header begins. */
  readonly offset: number
}

/** Where the directory stands, as the end of an archive tells it. */
export interface ZipEnd {
  readonly count: number
  /** Bytes of the directory, and where they begin. */
  readonly size: number
  readonly offset: number
  /** Numbers that are too large for these fields stand elsewhere, in the form zip64. */
  readonly isZip64: boolean
}

/** What is wrong with an archive. */
export class ZipError extends Error {
  override readonly name = 'ZipError'
}

/** How a member that is read is packed. */
export const STORED = 0
export const DEFLATED = 8

const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50]
const END_BYTES = 22
const CENTRAL_BYTES = 46
/** Bytes of the header before a member, without its name. */
export const LOCAL_BYTES = 30
/** So many bytes at the end of an archive hold its end, whatever comment follows it. */
export const TAIL_BYTES = END_BYTES + 0xffff
const ENCRYPTED = 1

/** Whether a file begins as an archive does. */
export function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4
}

/**
 * Returns where the directory stands.
 * @param tail the last `TAIL_BYTES` of the archive, or all of a smaller one
 * @throws ZipError for what has no directory
 */
export function findZipEnd(tail: Uint8Array): ZipEnd {
  const view = viewOf(tail)
  let at = tail.length - END_BYTES
  while (at >= 0 && view.getUint32(at, true) !== END) at--
  if (at < 0) throw new ZipError('the archive has no directory')
  const count = view.getUint16(at + 10, true)
  const size = view.getUint32(at + 12, true)
  const offset = view.getUint32(at + 16, true)
  return { count, size, offset, isZip64: count === 0xffff || offset === 0xffffffff }
}

/**
 * Returns the members that a directory lists, in its order.
 * @param decoder decodes names; a fatal one refuses what it cannot read
 * @throws ZipError for a directory that has fewer
 */
export function listZipEntries(
  directory: Uint8Array,
  count: number,
  decoder: TextDecoder,
): ZipEntry[] {
  const view = viewOf(directory)
  const entries: ZipEntry[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    const names = at + CENTRAL_BYTES
    if (names > view.byteLength || view.getUint32(at, true) !== CENTRAL) throw outside(i)
    const next = names + view.getUint16(at + 28, true)
    const end = next + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (end > view.byteLength) throw outside(i)
    entries.push({
      name: decodeName(directory.subarray(names, next), i, decoder),
      isEncrypted: (view.getUint16(at + 8, true) & ENCRYPTED) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    })
    at = end
  }
  return entries
}

/**
 * Returns where a member's bytes begin in the archive.
 * @param header the first `LOCAL_BYTES` from its `offset`
 * @throws ZipError where its header does not stand there
 */
export function startOfMember({ offset }: ZipEntry, header: Uint8Array): number {
  const view = viewOf(header)
  if (header.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL)
    throw new ZipError('the archive is cut, or its directory is not its own')
  return offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
}

function decodeName(bytes: Uint8Array, member: number, decoder: TextDecoder): string {
  try {
    // Shared memory is decoded nowhere.
    return decoder.decode(new Uint8Array(bytes))
  } catch {
    throw new ZipError(`the name of member ${member} is not UTF-8`)
  }
}

function outside(member: number): ZipError {
  return new ZipError(`member ${member} is not in the archive's directory`)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
