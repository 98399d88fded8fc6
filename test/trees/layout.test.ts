/** The layout that TypeScript writes by is the one that the kernels read by. */
import t from 'tap'
import { rowOf } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { compileInterventionalSets } from '../../src/shap/interventional-sets.ts'
import { compileInterventionalTables } from '../../src/shap/interventional-tables.ts'
import { planTables } from '../../src/shap/table-plan.ts'
import { compileTreeShapWasm } from '../../src/shap/tree-shap-wasm.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { instantiateKernels, type Kernels } from '../../src/trees/kernels.ts'
import * as generated from '../../src/trees/layout.generated.ts'
import { compileTreePredictorWasm } from '../../src/trees/predict-wasm.ts'
import { flatten, forest, randomRows } from './random-trees.ts'

const layout: Readonly<Record<string, number>> = generated

/** Every record and its fields of 8 bytes; all others are integers of 4. Lists are as long as this many fields. */
const records: Readonly<Record<string, { doubles?: readonly string[]; lists?: object }>> = {
  CONTEXT: {},
  TREE: {},
  SPLIT: { doubles: ['THRESHOLD', 'WEIGHT', 'ABOVE'] },
  FORK: { doubles: ['THRESHOLD', 'WEIGHT', 'ABOVE'] },
  FORK_VALUE: { doubles: ['MEAN', 'DIFFERENCE'] },
  PARTNER: {},
  SETS: {},
  SET_NODE: { doubles: ['THRESHOLD'] },
  TABLES: { doubles: ['TOUCHED'] },
  TABLE_TREE: {},
  TABLE_NODE: { doubles: ['THRESHOLD'] },
  UNIT: { doubles: ['THRESHOLDS'], lists: { XS: 3, THRESHOLDS: 3 } },
  CONDITION: {},
  PREDICT: {},
  PREDICT_NODE: { doubles: ['THRESHOLD'] },
  MASKED_NODE: { doubles: ['MASK'] },
}

interface Field {
  readonly name: string
  readonly record: string
  readonly offset: number
  readonly isDouble: boolean
  readonly bytes: number
}

/** The fields of all records; sizes of records, areas and numbers are none. */
const fields: readonly Field[] = Object.entries(layout).flatMap(([name, offset]) => {
  const record = Object.keys(records)
    .filter((prefix) => name.startsWith(`${prefix}_`) && name !== `${prefix}_SIZE`)
    .sort((a, b) => b.length - a.length)[0]
  if (!record || Object.keys(records).some((own) => name === `${own}_SIZE`)) return []
  const { doubles = [], lists = {} } = records[record]!
  const own = name.slice(record.length + 1)
  const isDouble = doubles.includes(own)
  const length = (lists as Record<string, number>)[own] ?? 1
  return [{ name, record, offset, isDouble, bytes: length * (isDouble ? 8 : 4) }]
})

t.test('fields of a record are aligned, apart from each other and inside it', (t) => {
  for (const record of Object.keys(records)) {
    const size = layout[`${record}_SIZE`]!
    const own = fields.filter((field) => field.record === record)
    const owner = new Array<string | undefined>(size)
    const wrong = own.filter(({ name, offset, bytes, isDouble }) => {
      const places = Array.from({ length: bytes }, (_, i) => offset + i)
      const isFree = places.every((place) => place < size && owner[place] === undefined)
      for (const place of places) owner[place] = name
      return !isFree || offset % (isDouble ? 8 : 4) !== 0
    })
    t.ok(own.length > 0 && size % 4 === 0, `${record} has fields`)
    t.strictSame(wrong, [], record)
  }
  t.end()
})

/** An area of memory that no kernel may be told to use, and what no double should be. */
const POISON = 0x7fffffff

const random = createRandom(1, 320)
const trees = flatten(forest(random, { count: 5, features: 5, depth: 8, outputs: 2 }))
/** The same, and one column is looked at as a set. */
const withCodes: TreeEnsemble = {
  ...trees,
  view: trees.feature.map((feature) => (feature === 1 ? 0 : -1)),
  views: [{ kind: 'codes_left', feature: 1, codes: Uint8Array.of(1) }],
}
const X = randomRows(random, 10, 5)
const background = randomRows(random, 70, 5)
const outputs = [0, 1]

type Addresses = Readonly<Record<string, readonly number[]>>

/** A kernel with all it reads: how to call it, and where the records stand once it is called. */
interface Probe {
  readonly kernel: keyof Omit<Kernels, 'memory'>
  /** Makes what calls the kernel; the call returns all the numbers that come of it. */
  readonly prepare: (kernels: Kernels) => () => Float64Array
  readonly find: (i32: Int32Array, args: readonly number[]) => Addresses
}

const at = (i32: Int32Array, address: number) => i32[address / 4]!
const range = (first: number, count: number, size: number) =>
  Array.from({ length: count }, (_, i) => first + i * size)

/** What the kernels that explain by paths read. */
function findPaths(i32: Int32Array, [context]: readonly number[]): Addresses {
  const own = context!
  const headers = range(
    at(i32, own + layout.CONTEXT_TREES!),
    at(i32, own + layout.CONTEXT_TREE_COUNT!),
    layout.TREE_SIZE!,
  )
  const all = (first: string, count: string, size: number) =>
    headers.flatMap((tree) =>
      range(at(i32, tree + layout[first]!), at(i32, tree + layout[count]!), size),
    )
  return {
    CONTEXT: [own],
    TREE: headers,
    SPLIT: all('TREE_SPLITS', 'TREE_SPLIT_COUNT', layout.SPLIT_SIZE!),
    FORK: all('TREE_FORKS', 'TREE_FORK_COUNT', layout.FORK_SIZE!),
    FORK_VALUE: all('TREE_FORK_VALUES', 'TREE_FORK_COUNT', layout.FORK_VALUE_SIZE!),
    PARTNER: headers.flatMap((tree) => {
      const nodes =
        at(i32, tree + layout.TREE_SPLIT_COUNT!) + at(i32, tree + layout.TREE_FORK_COUNT!)
      const ends = at(i32, tree + layout.TREE_PARTNER_ENDS!)
      const bytes = ends === 0 ? 0 : at(i32, ends + nodes * 4)
      const size = layout.PARTNER_SIZE!
      return range(at(i32, tree + layout.TREE_PARTNERS!), bytes / size, size)
    }),
  }
}

const probes: readonly Probe[] = [
  {
    kernel: 'explainRow',
    prepare(kernels) {
      const shap = compileTreeShapWasm(trees, 5, kernels)
      return () => {
        const phi = new Float64Array(2 * 5)
        shap.explain(rowOf(X, 0), outputs, phi)
        return phi
      }
    },
    find: findPaths,
  },
  {
    kernel: 'explainRows',
    prepare(kernels) {
      const shap = compileTreeShapWasm(trees, 5, kernels)
      return () => {
        const phi = new Float64Array(10 * 2 * 5)
        shap.explainRows(X, outputs, phi)
        return phi
      }
    },
    find: findPaths,
  },
  {
    kernel: 'explainPairs',
    prepare(kernels) {
      const shap = compileTreeShapWasm(trees, 5, kernels)
      return () => {
        const pairs = new Float64Array(2 * 25)
        shap.interactions(rowOf(X, 0), outputs, pairs)
        return pairs
      }
    },
    find: findPaths,
  },
  {
    kernel: 'explainSets',
    prepare(kernels) {
      const shap = compileInterventionalSets(trees, 5, background, kernels)
      return () => {
        const phi = new Float64Array(10 * 2 * 5)
        shap.explainRows(X, outputs, phi)
        return phi
      }
    },
    find(i32, [context]) {
      const first = at(i32, at(i32, context! + layout.SETS_ROOTS!))
      return {
        SETS: [context!],
        SET_NODE: range(first, trees.feature.length, layout.SET_NODE_SIZE!),
      }
    },
  },
  {
    kernel: 'explainTables',
    prepare(kernels) {
      const plan = planTables(trees, 2, 2 ** 27)!
      const shap = compileInterventionalTables(trees, 5, background, kernels, plan)
      return () => {
        const phi = new Float64Array(10 * 2 * 5)
        shap.explainRows(X, outputs, phi)
        return phi
      }
    },
    find(i32, [context]) {
      const headers = range(
        at(i32, context! + layout.TABLES_TREES!),
        at(i32, context! + layout.TABLES_COUNT!),
        layout.TABLE_TREE_SIZE!,
      )
      const all = (first: string, count: string, size: number) =>
        headers.flatMap((tree) =>
          range(at(i32, tree + layout[first]!), at(i32, tree + layout[count]!), size),
        )
      return {
        TABLES: [context!],
        TABLE_TREE: headers,
        TABLE_NODE: all('TABLE_TREE_NODES', 'TABLE_TREE_NODE_COUNT', layout.TABLE_NODE_SIZE!),
        UNIT: all('TABLE_TREE_UNITS', 'TABLE_TREE_UNIT_COUNT', layout.UNIT_SIZE!),
      }
    },
  },
  {
    kernel: 'addLeaf',
    prepare: (kernels) => () => {
      // Memory that is handed out is empty.
      new Uint8Array(kernels.memory.buffer).fill(0)
      const plan = planTables(trees, 2, 2 ** 27)!
      const phi = new Float64Array(10 * 2 * 5)
      compileInterventionalTables(trees, 5, background, kernels, plan).explainRows(X, outputs, phi)
      return phi
    },
    find: (_, [, , width, conditions]) => ({
      CONDITION: range(conditions!, width!, layout.CONDITION_SIZE!),
    }),
  },
  {
    kernel: 'predictRow',
    prepare(kernels) {
      const predictor = compileTreePredictorWasm(trees, kernels)
      return () => {
        const scores = new Float64Array(2)
        predictor.predict(rowOf(X, 0), scores)
        return scores
      }
    },
    find: findPrediction,
  },
  {
    kernel: 'predictRows',
    prepare(kernels) {
      const predictor = compileTreePredictorWasm(trees, kernels)
      return () => {
        const scores = new Float64Array(10 * 2)
        predictor.predictRows(X, scores)
        return scores
      }
    },
    find: findPrediction,
  },
  {
    kernel: 'predictMaskedRow',
    prepare(kernels) {
      const predictor = compileTreePredictorWasm(withCodes, kernels)
      return () => {
        const scores = new Float64Array(2)
        predictor.predict(rowOf(X, 0), scores)
        return scores
      }
    },
    find: findMasked,
  },
  {
    kernel: 'predictMaskedRows',
    prepare(kernels) {
      const predictor = compileTreePredictorWasm(withCodes, kernels)
      return () => {
        const scores = new Float64Array(10 * 2)
        predictor.predictRows(X, scores)
        return scores
      }
    },
    find: findMasked,
  },
]

function findMasked(i32: Int32Array, [context]: readonly number[]): Addresses {
  const first = at(i32, at(i32, context! + layout.PREDICT_ROOTS!))
  const nodes = range(first, trees.feature.length, layout.MASKED_NODE_SIZE!)
  return { PREDICT: [context!], PREDICT_NODE: nodes, MASKED_NODE: nodes }
}

function findPrediction(i32: Int32Array, [context]: readonly number[]): Addresses {
  const first = at(i32, at(i32, context! + layout.PREDICT_ROOTS!))
  return {
    PREDICT: [context!],
    PREDICT_NODE: range(first, trees.feature.length, layout.PREDICT_NODE_SIZE!),
  }
}

/** Names of the fields without which a kernel gives other numbers, or none. */
function findRead({ kernel, prepare, find }: Probe): Set<string> {
  const own = instantiateKernels()!
  const { memory } = own
  let addresses: Addresses | undefined
  let spoiled: Field | undefined
  const call = own[kernel] as (...args: number[]) => void
  const run = prepare({
    ...own,
    [kernel](...args: number[]) {
      const i32 = new Int32Array(memory.buffer)
      const f64 = new Float64Array(memory.buffer)
      addresses ??= find(i32, args)
      if (spoiled) {
        for (const address of addresses[spoiled.record] ?? []) {
          const place = address + spoiled.offset
          if (spoiled.isDouble) f64[place / 8] = Number.NaN
          else i32[place / 4] = POISON
        }
      }
      call(...args)
    },
  })
  const answer = () => {
    try {
      return String(run())
    } catch {
      return 'trap'
    }
  }
  const expected = answer()
  t.equal(answer(), expected, `${kernel} repeats itself`)
  // A spoiled call may write anywhere.
  const before = new Uint8Array(memory.buffer.slice(0))
  const read = new Set<string>()
  for (const field of fields.filter(({ record }) => addresses?.[record])) {
    new Uint8Array(memory.buffer).set(before)
    spoiled = field
    if (answer() !== expected) read.add(field.name)
  }
  return read
}

t.test('kernels read every field where it is written', (t) => {
  const read = new Set(probes.flatMap((probe) => [...findRead(probe)]))
  const unread = fields.map(({ name }) => name).filter((name) => !read.has(name))
  // The kernel of tables keeps a sum there, so that the compiler does not drop what it is made of.
  t.strictSame(unread, ['TABLES_TOUCHED'])
  t.end()
})
