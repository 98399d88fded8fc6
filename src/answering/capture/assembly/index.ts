// Lines of text from pieces that lie in memory: some as they are, some as JSON escapes them. What is escaped are bytes of
// UTF-8, of which only quotes, backslashes and the bytes below 32 are written otherwise.

const QUOTE: i32 = 0x22;
const BACKSLASH: i32 = 0x5c;
const CONTROLS: i32 = 0x20;
/** Bytes of a vector and of what is widened at once. */
const WIDE: usize = 16;
const HALF: usize = 8;

/** For every set of eight bytes: where each byte of the sixteen comes from, a backslash (place 8) before those of the set. */
const SHUFFLES: usize = memory.data(256 * 16, 16);

for (let marks = 0; marks < 256; marks++) {
  let to = SHUFFLES + <usize>marks * WIDE;
  for (let i = 0; i < 8; i++) {
    if (marks & (1 << i)) store<u8>(to++, 8);
    store<u8>(to++, <u8>i);
  }
}

/** Letters of the short escapes of control characters, by their last four bits; 0 = there is none. */
@inline function letters(): v128 {
  return i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0x74, 0x6e, 0, 0x66, 0x72, 0, 0);
}

/** Writes the first bytes of a half, with backslashes before some; returns the end. */
@inline function widen(bytes: v128, set: i32, count: usize, to: usize): usize {
  v128.store(to, i8x16.swizzle(bytes, v128.load(SHUFFLES + <usize>set * WIDE)));
  return to + count + <usize>popcnt<i32>(set);
}

@inline function hexDigit(value: i32): i32 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** Byte by byte, for control characters that have no short escape. */
function escapeRare(from: usize, count: usize, to: usize): usize {
  for (let i: usize = 0; i < count; i++) {
    const byte = <i32>load<u8>(from + i);
    if (byte >= CONTROLS && byte != QUOTE && byte != BACKSLASH) {
      store<u8>(to++, <u8>byte);
      continue;
    }
    const letter = byte >= CONTROLS ? byte : byte >= 16 ? 0 : <i32>i8x16.extract_lane_u(i8x16.swizzle(letters(), i8x16.splat(<i8>byte)), 0);
    store<u8>(to, <u8>BACKSLASH);
    if (letter != 0) {
      store<u8>(to + 1, <u8>letter);
      to += 2;
      continue;
    }
    store<u32>(to + 1, 0x30303075);
    store<u8>(to + 4, <u8>hexDigit(byte >> 4));
    store<u8>(to + 5, <u8>hexDigit(byte & 15));
    to += 6;
  }
  return to;
}

/** Escapes bytes; reads and writes up to sixteen bytes beyond their ends. */
function escape(from: usize, length: usize, to: usize): usize {
  const backslashes = i8x16.splat(<i8>BACKSLASH);
  for (let left = length; left > 0; ) {
    const count = min(left, WIDE);
    const bytes = v128.load(from);
    const controls = i8x16.lt_u(bytes, i8x16.splat(<i8>CONTROLS));
    const all = v128.or(
      controls,
      v128.or(i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)), i8x16.eq(bytes, backslashes)),
    );
    const set = i8x16.bitmask(all) & ((1 << <i32>count) - 1);
    if (set == 0) {
      v128.store(to, bytes);
      to += count;
    } else {
      let shown = bytes;
      let isRare = false;
      if (v128.any_true(controls)) {
        const short = i8x16.swizzle(letters(), v128.and(bytes, i8x16.splat(15)));
        const known = v128.and(
          v128.and(controls, i8x16.lt_u(bytes, i8x16.splat(16))),
          i8x16.ne(short, i8x16.splat(0)),
        );
        isRare = (i8x16.bitmask(v128.xor(controls, known)) & ((1 << <i32>count) - 1)) != 0;
        shown = v128.bitselect(short, bytes, known);
      }
      if (isRare) to = escapeRare(from, count, to);
      else {
        const first = min(count, HALF);
        const low = i8x16.shuffle(shown, backslashes, 0, 1, 2, 3, 4, 5, 6, 7, 16, 16, 16, 16, 16, 16, 16, 16);
        to = widen(low, set & 255, first, to);
        if (count > HALF) {
          const high = i8x16.shuffle(shown, backslashes, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16);
          to = widen(high, set >> 8, count - HALF, to);
        }
      }
    }
    from += count;
    left -= count;
  }
  return to;
}

/** Copies bytes; reads and writes up to sixteen bytes beyond their ends. */
@inline function copy(from: usize, length: usize, to: usize): usize {
  for (let i: usize = 0; i < length; i += WIDE) v128.store(to + i, v128.load(from + i));
  return to + length;
}

/**
 * Writes pieces one behind the other and returns the end: of each, the table has its address and its length, which is
 * negative where the piece is escaped. Up to sixteen bytes beyond the pieces and the end are read and written over.
 */
export function writePieces(table: usize, count: i32, to: usize): usize {
  for (let i = 0; i < count; i++, table += 8) {
    const from = <usize>load<u32>(table);
    const length = load<i32>(table, 4);
    to = length < 0 ? escape(from, <usize>-length, to) : copy(from, <usize>length, to);
  }
  return to;
}
