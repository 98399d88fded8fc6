/** The few pieces of SVG that every plot is made of. */
import { styleOf, type Theme } from './theme.ts'

/** Returns text as XML content or an attribute's value; characters that XML does not allow are replaced. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

type Attributes = Readonly<Record<string, string | number | undefined>>

/** Returns an SVG element; numbers are rounded to hundredths of a pixel, undefined attributes are left out. */
export function element(name: string, attributes: Attributes, ...content: string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) =>
      value === undefined
        ? ''
        : ` ${key}="${typeof value === 'number' ? pixels(value) : escapeXml(value)}"`,
    )
    .join('')
  return content.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${content.join('')}</${name}>`
}

/** Returns a straight line. */
export function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return element('line', { class: kind, x1, y1, x2, y2 })
}

/** Returns a path; nothing for one without a point. */
export function path(d: string, attributes: Attributes): string {
  return d === '' ? '' : element('path', { ...attributes, d })
}

/** Returns a rectangle; its sides may be given in either order. */
export function box(kind: string, x: number, y: number, width: number, height: number): string {
  return element('rect', {
    class: kind,
    x: Math.min(x, x + width),
    y: Math.min(y, y + height),
    width: Math.abs(width),
    height: Math.abs(height),
  })
}

/** Returns a number as it stands in paths and attributes. */
export function pixels(value: number): number {
  // A zero has no sign.
  return Number(value.toFixed(2)) + 0
}

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly title: string
  /** What is read out aloud: the numbers that the picture shows. */
  readonly description: string
  readonly theme: Theme
}

/** Longest description in characters: it is there for people who listen. */
const MAX_DESCRIPTION = 4000

/** Returns a whole drawing. */
export function drawing(
  { width, height, title, description, theme }: Drawing,
  ...content: string[]
): string {
  const told =
    description.length > MAX_DESCRIPTION ? `${description.slice(0, MAX_DESCRIPTION)}…` : description
  const drawn = content.join('')
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'plot',
      role: 'img',
      width,
      height,
      viewBox: `0 0 ${pixels(width)} ${pixels(height)}`,
    },
    element('title', {}, escapeXml(title.slice(0, 1000))),
    element('desc', {}, escapeXml(told)),
    element('style', {}, styleOf(theme, classesIn(drawn))),
    element('rect', { class: 'paper', width, height }),
    drawn,
  )}\n`
}

/** Returns the classes of the elements in a drawing. */
function classesIn(content: string): ReadonlySet<string> {
  return new Set(
    [...content.matchAll(/ class="([^"]*)"/g)].flatMap(([, names = '']) => names.split(' ')),
  )
}
