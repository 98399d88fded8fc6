/** YAML, and JSON as a part of it, with the line of everything and the texts of its values as they were typed. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parse,
  parseDocument,
} from 'yaml'
import { InputError } from '../errors.ts'

/** A value: a text, a list, or names with values. */
export type YamlNode = { readonly line: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'list'; readonly items: readonly YamlNode[] }
  | { readonly kind: 'entries'; readonly entries: readonly YamlEntry[] }
)

/** A name with its value. */
export interface YamlEntry {
  readonly name: string
  readonly line: number
  readonly value: YamlNode
}

/** Deepest nesting that is read. */
const MAX_DEPTH = 16

/**
 * Returns what a YAML text holds; the text of a number or a truth value is how it was typed, `1.50` or `yes`.
 * @throws InputError `invalid_parameter` naming the line of what is no YAML, of an alias or of a tag
 */
export function readYaml(text: string): YamlNode {
  const lines = new LineCounter()
  const document = parseQuietly(text, lines)
  const lineAt = (offset: number) => lines.linePos(offset).line
  const [error] = document.errors
  if (error) throw wrong(lineAt(error.pos[0]), firstSentence(error.message))

  const read = (node: unknown, before: number, depth: number): YamlNode => {
    const line = lineOf(node as Node | null, before)
    if (node === null || node === undefined) return { kind: 'nothing', line }
    if (depth > MAX_DEPTH) throw wrong(line, `it is nested deeper than ${MAX_DEPTH} levels`)
    if (isAlias(node) || (node as Node & { anchor?: string }).anchor !== undefined)
      throw wrong(line, 'anchors and aliases are not read')
    if ((node as Node & { tag?: string }).tag !== undefined) throw wrong(line, 'tags are not read')
    if (isScalar(node))
      return node.value === null
        ? { kind: 'nothing', line }
        : { kind: 'text', line, text: node.source ?? String(node.value) }
    if (isSeq(node)) {
      const items = node.items.map((item) => read(item, line, depth + 1))
      return { kind: 'list', line, items }
    }
    if (!isMap(node)) throw wrong(line, 'this is not read')
    const entries = node.items.map(({ key, value }: Pair): YamlEntry => {
      const named = read(key, line, depth + 1)
      if (named.kind !== 'text') throw wrong(named.line, 'a name must be a text')
      const { line: own, text: name } = named
      return { name, line: own, value: read(value, own, depth + 1) }
    })
    return { kind: 'entries', line, entries }
  }
  const lineOf = (node: Node | null, before: number) => {
    const start = node?.range?.[0]
    return start === undefined ? before : lineAt(start)
  }
  return read(document.contents, 1, 0)
}

function parseQuietly(text: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter, logLevel: 'error', prettyErrors: false })
  } catch {
    // Its own stack is what ends it.
    throw wrong(1, 'it is nested too deeply')
  }
}

/**
 * Returns the value of a YAML text, with maps for objects. Aliases are refused: a few lines of them are as large as one
 * likes.
 * @throws Error for what is no YAML
 */
export function parseYaml(text: string): unknown {
  return parse(text, { mapAsMap: true, maxAliasCount: 0, logLevel: 'error' })
}

function wrong(line: number, why: string): InputError {
  return new InputError('invalid_parameter', `line ${line}: ${why}`)
}

function firstSentence(message: string): string {
  return `this is not YAML (${message.split('\n')[0]?.slice(0, 200)})`
}
