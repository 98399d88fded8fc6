/**
 * The objects of a skops file: `schema.json` says their classes and attributes, arrays are files beside it. It is read as
 * data: no class is looked up, and nothing is called.
 * Format: skops-dev/skops `skops/io/_general.py`, `_numpy.py`, `_sklearn.py`.
 */
import { type Fields, fieldsOf } from '../document-fields.ts'
import { invalid } from '../imported-model.ts'
import { type Document, decodeText, parseJsonText } from '../json-document.ts'
import type { Archive } from '../zip.ts'
import { type NpyArray, readNpy } from './npy.ts'

/** An object's attributes nest five documents deep each. */
const MAX_SCHEMA_DEPTH = 200
/** Objects in objects; a reference to one around it would go on for ever. */
const MAX_DEPTH = 32
/** An object may be referred to any number of times, each of which is read: a few bytes may ask for much. */
const MAX_OPENED = 2 ** 22

/** One Python object. */
export interface Item {
  /** Where it stands, for messages. */
  readonly where: string
  /** Its module and class, such as `sklearn.tree._classes.DecisionTreeClassifier`. */
  readonly type: string
  /** Whether it has an attribute, or a member of that name. */
  has(name: string): boolean
  get(name: string): Item
  /** The attribute where it is there and not None. */
  find(name: string): Item | undefined
  isNull(): boolean
  /** A text, a number, True, False or None; undefined for anything else. */
  scalar(): string | number | boolean | null | undefined
  text(): string
  number(): number
  /** The elements of a list, a tuple or an array of objects. */
  items(): readonly Item[]
  /** All numbers of an array or a list, or a single number. */
  numbers(): Float64Array
  /** All cells of an array or a list: texts, numbers, True, False, None; NaN is a number. */
  cells(): (string | number | boolean | null)[]
  array(): NpyArray
  bytes(): Uint8Array
  /** The start and the end of a slice. */
  slice(): { start: number; stop: number } | undefined
}

/** Returns the object in an archive; throws ArtifactError `invalid`. */
export function openSchema(archive: Archive): Item {
  const document = parseJsonText(decodeText(archive.read('schema.json')), MAX_SCHEMA_DEPTH)
  const known = findIds(document)
  return openItem(fieldsOf(document, 'schema.json'), 'the model', { archive, known, opened: 0 }, 0)
}

interface Context {
  readonly archive: Archive
  readonly known: ReadonlyMap<Document, Document>
  /** How many objects have been opened. */
  opened: number
}

/** Lists the objects by their numbers: one that occurs again is written as its number. */
function findIds(document: Document): Map<Document, Document> {
  const known = new Map<Document, Document>()
  const stack: Document[] = [document]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (Array.isArray(top)) for (const item of top) stack.push(item)
    if (!(top instanceof Map)) continue
    const id = top.get('__id__')
    if (id !== undefined && top.get('__loader__') !== 'CachedNode' && !known.has(id))
      known.set(id, top)
    for (const item of top.values()) if (item !== null && typeof item === 'object') stack.push(item)
  }
  return known
}

function openItem(entry: Fields, where: string, context: Context, depth: number): Item {
  if (++context.opened > MAX_OPENED) throw invalid('its objects refer to each other too often')
  if (depth > MAX_DEPTH) throw invalid(`${where.slice(0, 200)} is nested too deep`)
  const loader = entry.text('__loader__')
  if (loader === 'CachedNode') {
    const found = context.known.get(entry.any('__id__') ?? null)
    if (!found) throw invalid(`${where} is an object that is not there`)
    return openItem(fieldsOf(found, where), where, context, depth + 1)
  }
  const inner = (value: Document | undefined, name: string) =>
    openItem(fieldsOf(value, `${where}${name}`), `${where}${name}`, context, depth + 1)
  const bad = (what: string) => invalid(`${where} must be ${what}`)
  const isArray = loader === 'NdArrayNode' && entry.text('type') === 'numpy'
  let value: Document | undefined
  const scalar = (): Document | undefined => {
    if (loader !== 'JsonNode') return undefined
    value ??= parseJsonText(entry.text('content'))
    return value
  }
  const members = (): Fields | undefined => {
    if (loader === 'DictNode') return entry.object('content')
    if (entry.isObject('content') && entry.object('content').isText('__loader__')) {
      const content = entry.object('content')
      if (content.text('__loader__') === 'DictNode') return content.object('content')
    }
    return undefined
  }
  const array = (): NpyArray => {
    if (!isArray) throw bad('an array of numbers or texts')
    return readNpy(context.archive.read(entry.text('file')), where)
  }
  const items = (): Item[] => {
    const isList = ['ListNode', 'TupleNode', 'SetNode'].includes(loader)
    if (!isList && !(loader === 'NdArrayNode' && !isArray)) throw bad('a list')
    return Array.from(entry.list('content'), (item, i) => inner(item, `[${i}]`))
  }
  const cells: Item['cells'] = () => {
    const own = scalar()
    if (own !== undefined && (own === null || typeof own !== 'object')) return [own]
    if (!isArray) return items().flatMap((item) => item.cells())
    const found = array()
    return found.kind === 'texts' ? found.texts() : [...found.numbers()]
  }
  return {
    where,
    type: `${entry.text('__module__')}.${entry.text('__class__')}`,
    has: (name) => members()?.has(name) ?? false,
    get: (name) => {
      const found = members()
      if (!found?.has(name)) throw invalid(`${where} has no ${name}`)
      return inner(found.any(name), `.${name}`)
    },
    find(name) {
      const found = members()
      if (!found?.has(name)) return undefined
      const item = inner(found.any(name), `.${name}`)
      return item.isNull() ? undefined : item
    },
    isNull: () => scalar() === null,
    scalar() {
      const found = scalar()
      return found === null || typeof found !== 'object' ? found : undefined
    },
    text() {
      const found = scalar()
      if (typeof found !== 'string') throw bad('a text')
      return found
    },
    number() {
      const found = scalar() ?? (isArray ? array().numbers()[0] : undefined)
      if (typeof found !== 'number') throw bad('a number')
      return found
    },
    items,
    numbers() {
      if (isArray) return array().numbers()
      const found = cells()
      if (!found.every((cell) => typeof cell === 'number')) throw bad('a list of numbers')
      return Float64Array.from(found as number[])
    },
    cells,
    array,
    bytes() {
      if (!entry.isText('file')) throw bad('bytes')
      return context.archive.read(entry.text('file'))
    },
    slice() {
      if (loader !== 'SliceNode') return undefined
      const content = entry.object('content')
      return { start: content.whole('start', 0, 2 ** 31), stop: content.whole('stop', 0, 2 ** 31) }
    },
  }
}
