/** Columns of a LightGBM file: their names, which of them hold categories, and what those are called. */
import { MAX_CODE } from '../category-sets.ts'
import { checkNames, type ImportedColumn, invalid, MAX_COLUMNS } from '../imported-model.ts'
import { type Document, parseJsonText } from '../json-document.ts'
import type { TextModel } from './text-blocks.ts'

/** Most different categories of a column. */
const MAX_CODES = MAX_CODE + 1

/**
 * Returns the columns.
 * @param splitCodes per column how many codes its splits know; undefined where none asks for categories
 */
export function readColumns(
  { header, pandasCategories }: TextModel,
  splitCodes: readonly (number | undefined)[],
): ImportedColumn[] {
  const names = header.text('feature_names').split(' ')
  const infos = header.has('feature_infos') ? header.text('feature_infos').split(' ') : []
  const features = splitCodes.length
  for (const [what, list] of Object.entries({ feature_names: names, feature_infos: infos }))
    if (list.length !== features && (what === 'feature_names' || list.length > 0))
      throw invalid(`${what} has ${list.length} entries for ${features} features`)
  checkNames(names, 'feature_names')
  const codes = splitCodes.map((split, i) => {
    const listed = countListed(infos[i] ?? 'none')
    if (split === undefined) return listed
    if (infos[i]?.startsWith('['))
      throw invalid(`feature ${i} is split by categories, feature_infos says numbers`)
    return Math.max(split, listed ?? 0)
  })
  // Python lists the categories of the columns that hold some, in their order, without saying which those are.
  const lists = readLists(pandasCategories)
  const owners = codes.flatMap((count, i) => (count === undefined ? [] : [i]))
  const hasNames = lists.length === owners.length
  const listOf = new Map(hasNames ? owners.map((owner, place) => [owner, lists[place]!]) : [])
  return names.map((name, i) => {
    const count = codes[i]
    if (count === undefined) return { name }
    return { name, codes: count, cutsFractions: true, ...listOf.get(i) }
  })
}

/** `[min:max]` are numbers, `none` is a column without use, `-1:2:0` are codes, of which −1 is a missing value. */
function countListed(info: string): number | undefined {
  if (info === 'none' || info === '' || info.startsWith('[')) return undefined
  let most = -1
  for (const part of info.split(':')) {
    const code = Number(part)
    if (part === '' || !Number.isInteger(code) || code >= MAX_CODES)
      throw invalid(`feature_infos has the category ${JSON.stringify(part.slice(0, 64))}`)
    most = Math.max(most, code)
  }
  return most + 1
}

function readLists(text: string | undefined): Pick<ImportedColumn, 'categories' | 'areTruths'>[] {
  if (text === undefined || text.trim() === '') return []
  const document = parseJsonText(text)
  if (document === null) return []
  const bad = () => invalid('pandas_categorical must hold lists of texts, of numbers or of truths')
  const list = (value: Document) => {
    if (Array.isArray(value) || value instanceof Float64Array) return Array.from<Document>(value)
    throw bad()
  }
  const lists = list(document)
  if (lists.length > MAX_COLUMNS) throw bad()
  return lists.map((items) => {
    const names = list(items)
    const type = typeof names[0]
    if (names.length > MAX_CODES || !names.every((name) => typeof name === type)) throw bad()
    if (type === 'boolean') return { categories: names.map(String), areTruths: true }
    if (names.length > 0 && type !== 'string' && type !== 'number') throw bad()
    if (type === 'number' && !names.every(Number.isFinite)) throw bad()
    return { categories: names as (string | number)[] }
  })
}
