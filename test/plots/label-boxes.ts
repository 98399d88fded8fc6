/** Where the texts of a drawing stand, and what is wrong with them. */
import { textWidth } from '../../src/plots/text.ts'

export interface LabelBox {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Heights of letters above and below their line, as shares of the font size. */
const ASCENT = 0.76
const DESCENT = 0.22

/** Returns the boxes of all texts of a drawing. */
export function labelBoxes(svg: string): LabelBox[] {
  return [...svg.matchAll(/<text([^>]*)>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g)].map(
    ([, attributes = '', content = '']) => {
      const text = unescapeXml(content)
      const of = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1]
      const [x, y] = [Number(of('x')), Number(of('y'))]
      const size = Number(of('font-size') ?? 13)
      const width = textWidth(text, size)
      const start =
        { start: 0, middle: width / 2, end: width }[of('text-anchor') ?? 'start'] ?? Number.NaN
      // An upright text runs upwards from its start.
      return of('transform')?.startsWith('rotate(-90')
        ? {
            text,
            left: x - ASCENT * size,
            right: x + DESCENT * size,
            top: y + start - width,
            bottom: y + start,
          }
        : {
            text,
            left: x - start,
            right: x - start + width,
            top: y - ASCENT * size,
            bottom: y + DESCENT * size,
          }
    },
  )
}

/** Returns what is wrong with a drawing: texts on texts, texts beyond the paper, numbers that are none. */
export function faultsOf(svg: string): string[] {
  const [, width, height] = (/viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []).map(Number)
  if (width === undefined || height === undefined) return ['the drawing has no size']
  const boxes = labelBoxes(svg).filter(({ text }) => text !== '')
  const beyond = boxes
    .filter(
      ({ left, right, top, bottom }) =>
        !(left >= -0.5 && right <= width + 0.5 && top >= -0.5 && bottom <= height + 0.5),
    )
    .map(
      ({ text, left, right }) => `"${text}" is beyond the paper: ${left} to ${right} of ${width}`,
    )
  const sorted = boxes.toSorted((a, b) => a.top - b.top)
  const overlaps = sorted.flatMap((a, i) => {
    const faults: string[] = []
    for (let j = i + 1; j < sorted.length && sorted[j]!.top < a.bottom - 0.5; j++) {
      const b = sorted[j]!
      if (a.left < b.right - 0.5 && b.left < a.right - 0.5)
        faults.push(`"${a.text}" touches "${b.text}"`)
    }
    return faults
  })
  const drawn = svg.replace(/<(title|desc|text)[^>]*>[^<]*/g, '')
  const odd = drawn.match(/NaN|Infinity|undefined|null|=""/g) ?? []
  return [...beyond, ...overlaps, ...odd.map((found) => `there is ${found}`)].slice(0, 5)
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
}
