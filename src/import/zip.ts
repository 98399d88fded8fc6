/** Members of a zip archive, unpacked in memory when they are asked for; the names are looked up and are no paths. */
import { Inflate } from 'fflate/browser'
import { invalid } from './imported-model.ts'

/** Most members of an archive, and most bytes of all that are unpacked. */
const MAX_MEMBERS = 20_000
const MAX_BYTES = 2 ** 30
/** Members of so many bytes or more that are packed by more than this are bombs, not models. */
const LARGE = 2 ** 26
const MOST_TIMES = 100
/** So many packed bytes are unpacked at a time: they become at most a thousand times as many. */
const PIECE = 2 ** 12

const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50]
const END_BYTES = 22
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const ENCRYPTED = 1
const [STORED, DEFLATED] = [0, 8]

export interface Archive {
  has(name: string): boolean
  /** @throws ArtifactError `invalid` where it is missing, not what the archive says, or too large */
  read(name: string): Uint8Array
}

interface Member {
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly start: number
}

/** Returns the members of an archive; nothing is unpacked yet. */
export function openZip(bytes: Uint8Array): Archive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const members = listMembers(bytes, view)
  let left = MAX_BYTES
  return {
    has: (name) => members.has(name),
    read(name) {
      const member = members.get(name)
      if (!member) throw invalid(`the archive has no ${JSON.stringify(name.slice(0, 64))}`)
      if (member.size > left) throw invalid(`its members have more than ${MAX_BYTES} bytes`)
      if (member.size >= LARGE && member.size > member.packed * MOST_TIMES)
        throw invalid(
          `the archive's ${JSON.stringify(name.slice(0, 64))} would be ${member.size} bytes of ${member.packed}`,
        )
      left -= member.size
      const data = unpack(bytes.subarray(findData(view, member)), member)
      if (crc32(data) !== member.crc)
        throw invalid(`the archive's ${JSON.stringify(name.slice(0, 64))} is damaged`)
      return data
    },
  }
}

function listMembers(bytes: Uint8Array, view: DataView): Map<string, Member> {
  let end = bytes.length - END_BYTES
  while (end >= 0 && view.getUint32(end, true) !== END && end > bytes.length - END_BYTES - 2 ** 16)
    end--
  if (end < 0 || view.getUint32(end, true) !== END) throw invalid('the archive has no directory')
  const count = view.getUint16(end + 10, true)
  if (count > MAX_MEMBERS) throw invalid(`the archive has ${count} members, at most ${MAX_MEMBERS}`)
  let at = view.getUint32(end + 16, true)
  const members = new Map<string, Member>()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL)
      throw invalid(`member ${i} is not in the archive's directory`)
    const nameBytes = view.getUint16(at + 28, true)
    const more = view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (at + CENTRAL_BYTES + nameBytes + more > end)
      throw invalid(`member ${i} is not in the archive's directory`)
    let name: string
    try {
      const start = at + CENTRAL_BYTES
      name = decoder.decode(new Uint8Array(bytes.subarray(start, start + nameBytes)))
    } catch {
      throw invalid(`the name of member ${i} is not UTF-8`)
    }
    const shown = JSON.stringify(name.slice(0, 64))
    if (members.has(name)) throw invalid(`the archive has ${shown} twice`)
    const member = {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true),
    }
    if ((view.getUint16(at + 8, true) & ENCRYPTED) !== 0)
      throw invalid(`the archive's ${shown} is encrypted`)
    if (member.method !== STORED && member.method !== DEFLATED)
      throw invalid(`the archive's ${shown} is packed by method ${member.method}`)
    members.set(name, member)
    at += CENTRAL_BYTES + nameBytes + more
  }
  return members
}

/** Returns where a member's bytes begin, behind its own header. */
function findData(view: DataView, { start, packed }: Member): number {
  if (start + LOCAL_BYTES > view.byteLength || view.getUint32(start, true) !== LOCAL)
    throw invalid('the archive is cut, or its directory is not its own')
  const names = view.getUint16(start + 26, true) + view.getUint16(start + 28, true)
  const data = start + LOCAL_BYTES + names
  if (data + packed > view.byteLength) throw invalid('the archive is cut')
  return data
}

/** Unpacks a member piece by piece, so that no more is made than it says that it has. */
function unpack(bytes: Uint8Array, { method, packed, size }: Member): Uint8Array {
  const source = bytes.subarray(0, packed)
  const wrong = () => invalid('a member of the archive is not of the size that it says')
  if (method === STORED) {
    if (packed !== size) throw wrong()
    return source.slice()
  }
  const made: Uint8Array[] = []
  let length = 0
  const inflate = new Inflate((piece) => {
    length += piece.length
    if (length > size) throw wrong()
    made.push(piece)
  })
  try {
    for (let at = 0; at < packed; at += PIECE)
      inflate.push(source.subarray(at, at + PIECE), at + PIECE >= packed)
  } catch (error) {
    if (length > size) throw error
    throw invalid('a member of the archive cannot be unpacked')
  }
  if (length !== size) throw wrong()
  const data = new Uint8Array(size)
  let at = 0
  for (const piece of made) {
    data.set(piece, at)
    at += piece.length
  }
  return data
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/** The checksum of zip archives (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
