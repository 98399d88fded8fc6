/** The few pieces of HTML that a report is made of; every text in them is escaped. */
import { escapeXml } from '../plots/svg.ts'

/** HTML that is finished: nothing in it is escaped again. */
export interface Html {
  readonly html: string
}

/** What may stand in a cell: a text, which is escaped, or finished HTML. */
export type Content = string | Html

function write(content: Content): string {
  return typeof content === 'string' ? escapeXml(content) : content.html
}

/** Returns an element with its content. */
export function tag(name: string, attributes: string, ...content: readonly Content[]): Html {
  const opening = attributes === '' ? name : `${name} ${attributes}`
  return { html: `<${opening}>${content.map(write).join('')}</${name}>` }
}

/** Returns a paragraph. */
export function paragraph(...content: readonly Content[]): Html {
  return tag('p', '', ...content)
}

/** Returns parts one after the other. */
export function join(parts: readonly Content[]): Html {
  return { html: parts.map(write).join('\n') }
}

/** Returns a table; columns of numbers are named, and stand to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Content[])[],
  numbers: readonly string[] = [],
): Html {
  const right = head.map((name) => (numbers.includes(name) ? 'class="number"' : ''))
  const header = head.map((name, i) => tag('th', `scope="col" ${right[i]}`.trimEnd(), name))
  const body = rows.map((cells) =>
    tag(
      'tr',
      '',
      ...cells.map((cell, i) =>
        i === 0
          ? tag('th', `scope="row" ${right[i]}`.trimEnd(), cell)
          : tag('td', right[i] ?? '', cell),
      ),
    ),
  )
  return tag(
    'div',
    'class="wide"',
    tag('table', '', tag('thead', '', tag('tr', '', ...header)), tag('tbody', '', join(body))),
  )
}

/** Returns a number with four digits that count. */
export function digits(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : ''
}
