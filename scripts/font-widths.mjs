/** `node scripts/font-widths.mjs [FILE]`: writes the advance widths of DejaVu Sans, by which plots measure text. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const font = readFileSync(`${root}node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf`)

/** Blocks of characters that names and numbers are made of; others count as wide as the font's widest letters. */
const blocks = [
  [0x20, 0x7e],
  [0xa0, 0x24f],
  [0x370, 0x3ff],
  [0x400, 0x45f],
  [0x1e00, 0x1eff],
  [0x2010, 0x2044],
  [0x20a0, 0x20b5],
  [0x2190, 0x2199],
  [0x2200, 0x2265],
]

/** Offset of a table of the font file. */
function table(tag) {
  const count = font.readUInt16BE(4)
  for (let i = 0; i < count; i++) {
    const at = 12 + 16 * i
    if (font.toString('latin1', at, at + 4) === tag) return font.readUInt32BE(at + 8)
  }
  throw new Error(`the font has no table ${tag}`)
}

/** Returns the glyph of a character by the font's cmap of format 4 (OpenType specification, "cmap"). */
function glyphOf(character) {
  const cmap = table('cmap')
  const tables = Array.from(
    { length: font.readUInt16BE(cmap + 2) },
    (_, i) => cmap + font.readUInt32BE(cmap + 8 + 8 * i),
  )
  const at = tables.find((start) => font.readUInt16BE(start) === 4)
  const size = font.readUInt16BE(at + 6)
  for (let i = 0; i < size; i += 2) {
    const end = font.readUInt16BE(at + 14 + i)
    if (character > end) continue
    const start = font.readUInt16BE(at + 16 + size + i)
    if (character < start) return 0
    const delta = font.readUInt16BE(at + 16 + 2 * size + i)
    const offsetAt = at + 16 + 3 * size + i
    const offset = font.readUInt16BE(offsetAt)
    if (offset === 0) return (character + delta) & 0xffff
    const glyph = font.readUInt16BE(offsetAt + offset + 2 * (character - start))
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff
  }
  return 0
}

const metrics = font.readUInt16BE(table('hhea') + 34)
const widthOf = (character) => {
  const glyph = glyphOf(character)
  // A character that the font lacks is drawn by another one, or as a box.
  return glyph === 0 ? 2048 : font.readUInt16BE(table('hmtx') + 4 * Math.min(glyph, metrics - 1))
}

const lines = blocks.map(([first, last]) => {
  const widths = Array.from({ length: last - first + 1 }, (_, i) => widthOf(first + i))
  return `  [0x${first.toString(16)}, '${widths.map((width) => width.toString(36).padStart(3, '0')).join('')}'],`
})
writeFileSync(
  process.argv[2] ?? `${root}src/plots/advance-widths.ts`,
  `/**
 * Advance widths of DejaVu Sans in 2048ths of the font size, as \`scripts/font-widths.mjs\` reads them from its file: the
 * first character of a block, and three digits to the base 36 for every character from it on.
 */
export const advanceWidths: readonly (readonly [first: number, widths: string])[] = [
${lines.join('\n')}
]
`,
)
