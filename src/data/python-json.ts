/** The number literals that Python writes into JSON, and that JSON does not have. */
import { replaceOutsideStrings } from './json-scan.ts'

/**
 * Returns the text with NaN as null and ±Infinity as a number beyond all doubles (which a cell then refuses by name),
 * or undefined when there is none of them outside strings.
 */
export function withoutPythonLiterals(text: string): string | undefined {
  if (!text.includes('NaN') && !text.includes('Infinity')) return undefined
  let found = false
  const plain = replaceOutsideStrings(text, (part) =>
    part.replace(/(?<![\w.])(?:NaN|-?Infinity)(?!\w)/g, (literal) => {
      found = true
      return literal === 'NaN' ? 'null' : literal.startsWith('-') ? '-1e999' : '1e999'
    }),
  )
  return found ? plain : undefined
}
