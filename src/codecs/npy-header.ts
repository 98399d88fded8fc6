import { InputError, quote } from '../errors.ts'

/** What the header of an .npy file says, not yet checked for sense. */
export interface NpyHeader {
  readonly descr: string
  readonly fortranOrder: boolean
  /** Whole numbers of any sign and size. */
  readonly shape: readonly number[]
}

type Literal = string | boolean | readonly number[]

/** A text without escapes, a whole number, a truth value or a bracket: all that np.save writes. */
const TOKEN = /[ \t\r\n]*(?:('[^'\\\n]*'|"[^"\\\n]*")|(-?[0-9]+|True|False|[{}()[\]:,]))/y

/**
 * Returns the header of an .npy file, which is a Python dictionary of three literals.
 * @throws InputError `invalid_npy` for anything else that Python could evaluate
 */
export function parseNpyHeader(text: string): NpyHeader {
  const tokens = splitTokens(text)
  let next = 0
  const take = () => tokens[next++]
  const expect = (token: string) => {
    if (take() !== token) throw malformed(text)
  }
  const readInteger = (token: string | undefined) => {
    if (token === undefined || !/^-?[0-9]/.test(token)) throw malformed(text)
    return Number(token)
  }
  const readTuple = () => {
    const numbers: number[] = []
    while (tokens[next] !== ')') {
      numbers.push(readInteger(take()))
      // Python takes (3) for a number; only a comma makes it a tuple.
      if (tokens[next] !== ')' || numbers.length === 1) expect(',')
    }
    expect(')')
    return numbers
  }
  const readLiteral = (): Literal => {
    const token = take()
    if (token === '(') return readTuple()
    if (token === 'True' || token === 'False') return token === 'True'
    if (token === '[') {
      throw new InputError('invalid_npy', 'structured arrays are refused; send one type of number')
    }
    return readText(token, text)
  }

  const members = new Map<string, Literal>()
  expect('{')
  while (tokens[next] !== '}') {
    const key = readText(take(), text)
    expect(':')
    if (members.has(key)) throw malformed(text)
    members.set(key, readLiteral())
    if (tokens[next] !== '}') expect(',')
  }
  expect('}')
  if (next !== tokens.length) throw malformed(text)

  const descr = members.get('descr')
  const fortranOrder = members.get('fortran_order')
  const shape = members.get('shape')
  if (
    members.size !== 3 ||
    typeof descr !== 'string' ||
    typeof fortranOrder !== 'boolean' ||
    typeof shape !== 'object'
  ) {
    throw malformed(text)
  }
  return { descr, fortranOrder, shape }
}

/** Returns what a quoted text holds. */
function readText(token: string | undefined, header: string): string {
  if (token === undefined || !/^['"]/.test(token)) throw malformed(header)
  return token.slice(1, -1)
}

function splitTokens(header: string): string[] {
  const text = header.trimEnd()
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text)
    if (!match) throw malformed(header)
    tokens.push((match[1] ?? match[2]) as string)
  }
  return tokens
}

function malformed(header: string): InputError {
  return new InputError(
    'invalid_npy',
    `the .npy header must hold descr, fortran_order and shape as plain literals, not ${quote(header.trim())}`,
  )
}
