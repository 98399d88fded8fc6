/** Files of a model that were cut, flipped or rewritten: refused, or harmless. */
import { closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import {
  type Artifact,
  EXPLAIN_FILE,
  MANIFEST_FILE,
  METRICS_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
} from '../../src/artifact/artifact.ts'
import { createRandom } from '../../src/data/random.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { runs } from '../effort.ts'
import {
  encodeChanged,
  type Files,
  type Json,
  REFERENCE,
  readFiles,
  reseal,
  writeFiles,
} from './model-files.ts'
import { mutateJson, mutateTensors, pick } from './mutations.ts'
import {
  isAccepted,
  logistic,
  logisticFiles,
  problemOf,
  reference,
  type Steps,
  treeFiles,
  withJson,
  writeWithFirst,
} from './refusals.ts'

t.test('a file cut at any byte', async (t) => {
  for (const name of reference.keys()) {
    const directory = writeWithFirst(join(t.testdir(), name), reference, name)
    const path = join(directory, name)
    // Here the manifest is one line that ends with its last brace.
    const { size } = statSync(path)
    // The manifest is read before its size is known; those of the others stand in it.
    const step = Math.max(1, size / runs(name === MANIFEST_FILE ? 800 : 200))
    const loadedAt: number[] = []
    for (let at = size - 1; at >= 0; at -= step) {
      truncateSync(path, Math.floor(at))
      if (!(await problemOf(directory))) loadedAt.push(Math.floor(at))
    }
    t.strictSame(loadedAt, [], `${name}: ${size} bytes`)
  }
})

/** Loads a directory with a bit of a file flipped, as often as asked; calls back for what was not refused. */
async function flipBits(
  t: Test,
  names: readonly string[],
  runs: number,
  seed: number,
): Promise<{ place: string; artifact: Artifact }[]> {
  const random = createRandom(seed)
  const accepted: { place: string; artifact: Artifact }[] = []
  const root = t.testdir()
  for (const name of names) {
    const directory = writeWithFirst(join(root, name), reference, name)
    const bytes = readFiles(directory).get(name) as Uint8Array
    const file = openSync(join(directory, name), 'r+')
    for (let run = 0; run < runs / names.length; run++) {
      const at = random.below(bytes.length)
      const byte = bytes[at] as number
      const bit = random.below(8)
      writeSync(file, Uint8Array.of(byte ^ (1 << bit)), 0, 1, at)
      if (!(await problemOf(directory))) {
        const { artifact } = await readModelDirectory(directory)
        accepted.push({ place: `${name} byte ${at} bit ${bit}`, artifact })
      }
      writeSync(file, Uint8Array.of(byte), 0, 1, at)
    }
    closeSync(file)
    t.equal(await problemOf(directory), undefined, `${name} was restored`)
  }
  return accepted
}

t.test('a flipped bit in a file that the manifest lists', async (t) => {
  const names = [...reference.keys()].filter((name) => name !== MANIFEST_FILE)
  const accepted = await flipBits(t, names, runs(600), 31)
  t.strictSame(
    accepted.map(({ place }) => place),
    [],
    'all refused',
  )
})

t.test('a flipped bit in the manifest', async (t) => {
  const loaded = await readModelDirectory(REFERENCE)
  const accepted = await flipBits(t, [MANIFEST_FILE], runs(150), 32)
  // A digit beyond a double's precision may change without changing the number.
  const other = accepted.filter(({ artifact }) => !isDeepStrictEqual(artifact, loaded.artifact))
  t.strictSame(
    other.map(({ place }) => place),
    [],
    'refused, or the same model',
  )
})

t.test('numbers and bytes changed, checksums recomputed', async (t) => {
  const random = createRandom(41)
  const models = [
    { name: 'tree', files: treeFiles, runs: runs(300) },
    { name: 'logistic', files: logisticFiles, runs: runs(300) },
    { name: 'reference', files: reference, runs: runs(150) },
  ]
  for (const { name, files, runs } of models) {
    const root = t.testdir()
    const outcomes = { accepted: 0, refused: 0 }
    const defects = new Map<string, string>()
    for (let run = 0; run < runs; run++) {
      const changed = pick(
        [MODEL_FILE, MODEL_FILE, EXPLAIN_FILE, PREPROCESSOR_FILE, PREPROCESSOR_FILE, MANIFEST_FILE],
        random,
      )
      const before = files.get(changed) as Uint8Array
      const bytes = changed.endsWith('.json')
        ? mutateJson(before, random)
        : mutateTensors(before, random)
      const mutant = new Map([...files, [changed, bytes]])
      try {
        const accepted = isAccepted(mutant)
        outcomes[accepted ? 'accepted' : 'refused']++
        // The same through the file system, where only the checksums could make a difference.
        if (run % 20 === 0 && changed !== MANIFEST_FILE) {
          const problem = await problemOf(writeFiles(join(root, name), reseal(mutant)))
          if (accepted ? problem?.code === 'corrupt' : !problem) defects.set('directory', changed)
        }
      } catch (error) {
        const { name, message } = error as Error
        defects.set(`${changed}: ${name}: ${message.slice(0, 60)}`, `run ${run}`)
      }
    }
    t.strictSame([...defects], [], `${name}: neither a wrong number nor another error`)
    t.ok(outcomes.refused > runs / 2 && outcomes.accepted > 10, JSON.stringify(outcomes))
  }
})

/** Returns the artifact's files with the self-test made anew of its first row, as whoever forges a model would. */
function forge(artifact: Artifact): Files {
  const first = artifact.selfTest[0]
  if (!first) throw new Error('no self-test')
  const frame = frameOfCells(artifact.preprocessor.inputs, [first.cells])
  const predictor = buildPredictor(artifact)
  const { probabilities } = predictor.predict(frame)
  const [explanation] = predictor.explain(frame, { output: artifact.classes.at(-1) as string }).rows
  const row = {
    cells: first.cells,
    probabilities: [...probabilities],
    baseValue: explanation?.baseValues[0] as number,
    shapValues: [...(explanation?.shapValues[0] ?? [])],
  }
  return encodeChanged(artifact, { selfTest: [row] })
}

const hostileJson: Record<string, Files> = {
  'an ignored column that cannot become a text': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    json.otherColumns = [{ toString: 1, valueOf: 1 }]
  }),
  'an ignored column of lists in each other': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    json.otherColumns = ['@deep@']
  }),
  'an example that cannot become a text': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    for (const input of json.inputs as Json[])
      if (input.type === 'text') input.example = { toString: 1, valueOf: 1 }
  }),
  'a transformer of lists in each other': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    for (const { chain } of json.steps as Steps) for (const link of chain) link.kind = '@deep@'
  }),
  'metrics of lists in each other': withJson(treeFiles, METRICS_FILE, (json) => {
    json.test = '@deep@'
  }),
  'a column derived from a derived one': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    const [first] = json.derived as Json[]
    json.derived = [
      { ...first, column: 'middle' },
      { ...first, from: 'middle', pattern: '.*', group: 0 },
    ]
  }),
  'a gap filled with what is not a number': forge({
    ...logistic,
    preprocessor: {
      ...logistic.preprocessor,
      steps: logistic.preprocessor.steps.map((step) =>
        step.column === 'size'
          ? {
              ...step,
              chain: step.chain.map((link) =>
                link.kind === 'impute_number' ? { kind: 'impute_category', value: 'x' } : link,
              ),
            }
          : step,
      ),
    },
  }),
}

t.test('JSON that only a person would write', (t) => {
  for (const [what, files] of Object.entries(hostileJson)) {
    t.doesNotThrow(() => isAccepted(files), what)
  }
  t.end()
})
