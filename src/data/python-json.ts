/** The number literals that Python writes into JSON, and that JSON does not have. */

/**
 * Returns the text with NaN as null and ±Infinity as a number beyond all doubles (which a cell then refuses by name),
 * or undefined when there is none of them outside strings.
 */
export function withoutPythonLiterals(text: string): string | undefined {
  let found = false
  const plain = text.replace(
    /"(?:[^"\\]|\\.)*"|(?<![\w.])(NaN|-?Infinity)(?!\w)/gs,
    (part, literal: string | undefined) => {
      if (literal === undefined) return part
      found = true
      return literal === 'NaN' ? 'null' : literal.startsWith('-') ? '-1e999' : '1e999'
    },
  )
  return found ? plain : undefined
}
