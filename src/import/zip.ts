/** Members of a zip archive, unpacked in memory when they are asked for; the names are looked up and are no paths. */
import { Inflate } from 'fflate/browser'
import {
  DEFLATED,
  findZipEnd,
  LOCAL_BYTES,
  listZipEntries,
  STORED,
  startOfMember,
  TAIL_BYTES,
  type ZipEntry,
  ZipError,
} from '../data/zip.ts'
import { invalid } from './imported-model.ts'

/** Most members of an archive, and most bytes of all that are unpacked. */
const MAX_MEMBERS = 20_000
const MAX_BYTES = 2 ** 30
/** Members of so many bytes or more that are packed by more than this are bombs, not models. */
const LARGE = 2 ** 26
const MOST_TIMES = 100
/** So many packed bytes are unpacked at a time: they become at most a thousand times as many. */
const PIECE = 2 ** 12

export interface Archive {
  has(name: string): boolean
  /** @throws ArtifactError `invalid` where it is missing, not what the archive says, or too large */
  read(name: string): Uint8Array
}

/**
 * Returns the members of an archive; nothing is unpacked yet.
 * @throws ArtifactError `invalid` for what is no archive, or has members that cannot be read
 */
export function openZip(bytes: Uint8Array): Archive {
  const members = orInvalid(() => listMembers(bytes))
  let left = MAX_BYTES
  return {
    has: (name) => members.has(name),
    read(name) {
      const member = members.get(name)
      if (!member) throw invalid(`the archive has no ${show(name)}`)
      const { size, packedSize } = member
      if (size > left) throw invalid(`its members have more than ${MAX_BYTES} bytes`)
      if (size >= LARGE && size > packedSize * MOST_TIMES)
        throw invalid(`the archive's ${show(name)} would be ${size} bytes of ${packedSize}`)
      left -= size
      const data = unpack(findData(bytes, member), member)
      if (crc32(data) !== member.crc) throw invalid(`the archive's ${show(name)} is damaged`)
      return data
    },
  }
}

function listMembers(bytes: Uint8Array): Map<string, ZipEntry> {
  const { count, size, offset, isZip64 } = findZipEnd(bytes.subarray(-TAIL_BYTES))
  if (isZip64) throw invalid('the archive is of the form zip64, which is not read')
  if (count > MAX_MEMBERS) throw invalid(`the archive has ${count} members, at most ${MAX_MEMBERS}`)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const members = new Map<string, ZipEntry>()
  for (const entry of listZipEntries(bytes.subarray(offset, offset + size), count, decoder)) {
    const { name, method } = entry
    if (members.has(name)) throw invalid(`the archive has ${show(name)} twice`)
    if (entry.isEncrypted) throw invalid(`the archive's ${show(name)} is encrypted`)
    if (method !== STORED && method !== DEFLATED)
      throw invalid(`the archive's ${show(name)} is packed by method ${method}`)
    members.set(name, entry)
  }
  return members
}

/** Returns the packed bytes of a member. */
function findData(bytes: Uint8Array, member: ZipEntry): Uint8Array {
  const header = bytes.subarray(member.offset, member.offset + LOCAL_BYTES)
  const start = orInvalid(() => startOfMember(member, header))
  if (start + member.packedSize > bytes.length) throw invalid('the archive is cut')
  return bytes.subarray(start, start + member.packedSize)
}

function orInvalid<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ZipError ? invalid(error.message) : error
  }
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}

/** Unpacks a member piece by piece, so that no more is made than it says that it has. */
function unpack(source: Uint8Array, { method, size }: ZipEntry): Uint8Array {
  const packed = source.length
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
