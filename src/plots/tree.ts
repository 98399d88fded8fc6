/** The diagram of one tree: what it asks, and what it answers. */
import { InputError, quote } from '../errors.ts'
import { HEADING, heading } from './axes.ts'
import { number, percent } from './numbers.ts'
import { definePlot, type PlottedModel } from './plot.ts'
import { box, drawing, element, pixels } from './svg.ts'
import { fitParts, label, sizes, textWidth } from './text.ts'
import { KINDS, type Theme } from './theme.ts'
import { outlineTree, type TreeNode } from './tree-outline.ts'

export const treePlot = definePlot({
  description: 'what one tree of the model asks, and what it answers',
  options: {
    tree: {
      kind: 'whole',
      description: 'number of the tree, from 1',
      minimum: 1,
      maximum: 100_000,
      default: 1,
    },
    max_depth: {
      kind: 'whole',
      description: 'questions in a row that are shown; what follows is counted',
      minimum: 1,
      maximum: 10,
      default: 4,
    },
  },
  drawModel: (model, { tree, max_depth, theme }) => drawTree(model, tree, max_depth, theme),
})

const TOP = HEADING + 18
const ROW = 52
const HEIGHT = 40
const GAP = 54
const MOST_TEXT = 230
const LEFT = 16

/** A node with its place: its depth, and its row, which for inner nodes lies between two. */
interface Placed {
  readonly node: TreeNode
  readonly depth: number
  readonly row: number
  readonly parent?: Placed | undefined
  /** The answer that leads to it. */
  readonly answer?: 'yes' | 'no' | undefined
}

/** Words for what nodes answer. */
type Wording = (values: readonly number[]) => { readonly text: string; readonly kind: string }

function drawTree(model: PlottedModel, tree: number, depth: number, theme: Theme): string {
  const { model: spec, plan } = model
  if (spec.kind !== 'trees')
    throw new InputError('not_found', `this model is ${spec.kind}: it has no trees to draw`)
  const trees = spec.roots.length
  if (tree > trees)
    throw new InputError('invalid_option', `tree is ${quote(String(tree))}, the model has ${trees}`)
  const { root, output } = outlineTree(spec, model.preprocessor, tree - 1, depth, model.labels)
  const wording = wordsFor(model, root, output)
  const isOfAll = output === undefined && root.values.length > 2
  const named = isOfAll ? undefined : model.classes[output ?? model.classes.length - 1]
  const start = `Tree ${tree} of ${trees}: `
  const { placed, rows, depths } = place(root)
  const widths = placed.map(({ node }) => widthOf(node, wording))
  const column = Math.ceil(Math.min(MOST_TEXT, Math.max(...widths))) + 30
  const width = Math.max(420, LEFT * 2 + depths * column + (depths - 1) * GAP)
  const x = (at: Placed) => LEFT + at.depth * (column + GAP)
  const y = (at: Placed) => TOP + at.row * ROW
  return drawing(
    {
      width,
      height: TOP + rows * ROW + 8,
      title: `${start}${plan.target}${named === undefined ? '' : ` = ${named}`}`,
      description: describe(root, wording),
      theme,
    },
    heading(
      fitParts(
        [
          start,
          { cut: plan.target },
          ...(named === undefined ? [] : [' = ', { cut: named, at: 'middle' } as const]),
        ],
        width - 32,
        sizes.title,
      ),
      'yes leads up, no leads down; shares are of the training rows, by their weight',
      width,
    ),
    ...placed.flatMap((at) => {
      const { parent } = at
      if (!parent) return []
      const from = x(parent) + column
      const to = x(at)
      const [start, end] = [y(parent) + HEIGHT / 2, y(at) + HEIGHT / 2]
      const bend = from + 14
      return [
        element('path', {
          class: 'line',
          d: `M${pixels(from)},${pixels(start)}H${pixels(bend)}V${pixels(end)}H${pixels(to)}`,
        }),
        label(at.answer!, {
          class: 'soft',
          x: bend + 5,
          y: at.answer === 'yes' ? end - 6 : end + 15,
          size: sizes.small,
        }),
      ]
    }),
    ...placed.map((at) => drawNode(at.node, x(at), y(at), column, wording)),
  )
}

/** Leaves stand in rows of their own, inner nodes between their children. */
function place(root: TreeNode): { placed: Placed[]; rows: number; depths: number } {
  let rows = 0
  let depths = 0
  const visit = (node: TreeNode, depth: number, answer?: Placed['answer']): Subtree => {
    depths = Math.max(depths, depth + 1)
    if (!node.yes || !node.no) return { row: rows++, node, depth, answer, children: [] }
    const yes = visit(node.yes, depth + 1, 'yes')
    const no = visit(node.no, depth + 1, 'no')
    return { row: (yes.row + no.row) / 2, node, depth, answer, children: [yes, no] }
  }
  const list = ({ children, ...at }: Subtree, parent?: Placed): Placed[] => {
    const placed = { ...at, parent }
    return [placed, ...children.flatMap((child) => list(child, placed))]
  }
  return { placed: list(visit(root, 0)), rows, depths }
}

interface Subtree extends Omit<Placed, 'parent'> {
  readonly children: readonly Subtree[]
}

/** Of class shares the likeliest class, or the last one of two; of scores the number. */
function wordsFor(
  { model, classes }: PlottedModel,
  root: TreeNode,
  output: number | undefined,
): Wording {
  const isShares = model.kind === 'trees' && model.link === 'identity'
  const name = (k: number) => classes[k] ?? `output ${k + 1}`
  if (isShares && root.values.length > 2)
    return (values) => {
      const best = values.reduce((top, value, k) => (value > values[top]! ? k : top), 0)
      return { text: `${name(best)}: ${percent(values[best]!)}`, kind: `k${best % KINDS}` }
    }
  const at = root.values.length - 1
  const kind = (values: readonly number[]) =>
    values[at] === root.values[at] ? 'neutral' : values[at]! > root.values[at]! ? 'up' : 'down'
  if (isShares)
    return (values) => ({
      text: `${name(output ?? at)}: ${percent(values[at]!)}`,
      kind: kind(values),
    })
  const of = output === undefined || classes.length === 2 ? '' : `${name(output)}: `
  return (values) => ({ text: `${of}score ${number(values[at]!)}`, kind: kind(values) })
}

function linesOf(
  { question, hidden, share, values }: TreeNode,
  wording: Wording,
): [string, string] {
  const answer = wording(values).text
  const of = share === undefined ? '' : `${percent(share)} of rows`
  const more = hidden > 0 ? `${hidden} more nodes` : ''
  const join = (...texts: string[]) => texts.filter(Boolean).join(' · ')
  return question === undefined ? [answer, join(of, more)] : [`${question}?`, join(of, answer)]
}

function widthOf(node: TreeNode, wording: Wording): number {
  const [first, second] = linesOf(node, wording)
  return Math.max(textWidth(first), textWidth(second, sizes.small))
}

function drawNode(node: TreeNode, x: number, y: number, width: number, wording: Wording): string {
  const [first, second] = linesOf(node, wording)
  const room = width - 24
  return element(
    'g',
    { class: 'node' },
    element('rect', { class: 'paper line', x, y, width, height: HEIGHT, rx: 3 }),
    box(wording(node.values).kind, x, y, 6, HEIGHT),
    label(first, { x: x + 16, y: y + (second === '' ? 25 : 17), width: room }),
    label(second, { class: 'soft', x: x + 16, y: y + 33, size: sizes.small, width: room }),
  )
}

function describe(node: TreeNode, wording: Wording): string {
  if (!node.yes || !node.no || node.question === undefined) return wording(node.values).text
  return `${node.question}? yes: (${describe(node.yes, wording)}) no: (${describe(node.no, wording)})`
}
