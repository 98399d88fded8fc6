/** The few pieces that every plot is made of. */

/** Colours that colour-blind people can tell apart (Okabe and Ito); the sign is always printed as well. */
export const colours = { up: '#d55e00', down: '#0072b2' } as const

/** Returns text as XML content or an attribute's value; characters that XML does not allow are replaced. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Returns text cut to a number of characters. */
export function shorten(text: string, limit: number): string {
  const characters = Array.from(text)
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : text
}

/** Returns an SVG element; numbers are rounded to hundredths of a pixel. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...content: string[]
): string {
  const written = Object.entries(attributes)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escapeXml(value)}"`,
    )
    .join('')
  return content.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${content.join('')}</${name}>`
}

/** Returns a text element. */
export function label(text: string, attributes: Readonly<Record<string, string | number>>): string {
  return element('text', attributes, escapeXml(text))
}

/** Returns a whole drawing that follows the reader's light or dark scheme; `description` is read out aloud. */
export function drawing(
  size: { width: number; height: number },
  title: string,
  description: string,
  content: string,
): string {
  const style = `
    .plot { font: 13px system-ui, "DejaVu Sans", sans-serif; background: #fff }
    .plot text { fill: #222 } .plot .soft { fill: #666 } .plot .line { stroke: #999 } .plot .grid { stroke: #e6e6e6 }
    .plot .strong { font-weight: 600 }
    .plot .inside { fill: #fff }
    @media (prefers-color-scheme: dark) {
      .plot { background: #16181c }
      .plot text { fill: #e8e8e8 } .plot .soft { fill: #a8a8a8 } .plot .line { stroke: #777 } .plot .grid { stroke: #2c3036 }
    }`
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'plot',
      role: 'img',
      width: size.width,
      height: size.height,
      viewBox: `0 0 ${size.width} ${size.height}`,
    },
    element('title', {}, escapeXml(title)),
    element('desc', {}, escapeXml(description)),
    element('style', {}, style),
    content,
  )}\n`
}
