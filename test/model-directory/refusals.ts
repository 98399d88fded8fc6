/** Model directories and files that must be refused, and the models that they are made of. */
import type { Test } from 'tap'
import { type Artifact, MANIFEST_FILE } from '../../src/artifact/artifact.ts'
import type { Cell, DataFrame } from '../../src/data/frame.ts'
import { ArtifactError, type ArtifactErrorCode, InputError } from '../../src/errors.ts'
import { loadModelFiles, readModelDirectory } from '../../src/model-directory/read.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { runSelfTest } from '../../src/predictor/self-test.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import {
  decodeFiles,
  encodeChanged,
  type Files,
  type Json,
  parseFile,
  REFERENCE,
  readFiles,
  reseal,
  sealManifest,
  toBytes,
  trainSmall,
  withManifest,
  writeFiles,
} from './model-files.ts'

export const reference = readFiles(REFERENCE)
export const tree = await trainSmall('decision_tree')
export const treeFiles = encodeChanged(tree)
export const spec = tree.model as TreesSpec
export const logistic = await trainSmall('logistic_regression', ['a', 'b'])
export const logisticFiles = encodeChanged(logistic)

/** Returns the error that a directory or files are refused with, undefined if they load; throws any other error. */
export async function problemOf(model: string | Files): Promise<ArtifactError | undefined> {
  try {
    if (typeof model === 'string') await readModelDirectory(model)
    else loadModelFiles(model)
    return undefined
  } catch (error) {
    if (error instanceof ArtifactError) return error
    throw error
  }
}

/** Asserts that a directory or files are refused, with one printable line. */
export async function refuses(
  t: Test,
  model: string | Files,
  code: ArtifactErrorCode | readonly ArtifactErrorCode[],
  message: RegExp,
  what?: string,
): Promise<void> {
  const problem = await problemOf(model)
  const name = what ?? String(message)
  if (!problem) {
    t.fail(`loaded: ${name}`)
    return
  }
  t.ok([code].flat().includes(problem.code), `${problem.code}: ${name}`)
  t.match(problem.message, message, name)
  t.match(problem.message, /^[ -~…]{1,1024}$/, `one line: ${name}`)
}

export function setAt<T extends Int32Array | Float64Array | Uint8Array>(
  array: T,
  index: number,
  value: number,
): T {
  const copy = array.slice() as T
  copy[index] = value
  return copy
}

export const withTrees = (changes: Partial<TreesSpec>) =>
  encodeChanged(tree, { model: { ...spec, ...changes } })

/** Returns a directory with a model whose manifest lists one file first, so that it is verified first. */
export function writeWithFirst(directory: string, files: Files, first: string): string {
  const { files: listed } = parseFile(files, MANIFEST_FILE) as { files: Json }
  const reordered = { ...(first in listed ? { [first]: listed[first] } : {}), ...listed }
  return writeFiles(directory, withManifest(files, { files: reordered }))
}

/** Usual values, both ends, missing values, unknown categories, numbers far out. */
export function probeRows(artifact: Artifact): Cell[][] {
  const { inputs } = artifact.preprocessor
  const rows = [
    inputs.map(({ example }) => example),
    inputs.map((input) => input.range?.minimum ?? input.categories?.[0] ?? input.example),
    inputs.map((input) => input.range?.maximum ?? input.categories?.at(-1) ?? input.example),
    inputs.map((input) => (input.nullable ? null : input.example)),
    inputs.map((input) => (input.type === 'text' ? 'never seen' : -1e6)),
    inputs.map((input) => (input.type === 'text' ? 'Item Dr. 1' : 1e6)),
  ]
  // The ends come from the file; a score of 1e308 · x would overflow in any linear model.
  return rows.map((cells) =>
    cells.map((cell) => (typeof cell === 'number' ? Math.max(-1e6, Math.min(cell, 1e6)) : cell)),
  )
}

/** Returns what a model says of rows, or undefined where it says that its own numbers are too large for them. */
export function answersOf(predictor: Predictor, frame: DataFrame) {
  try {
    const { probabilities } = predictor.predict(frame)
    return { probabilities, explained: predictor.explain(frame, { output: 'all' }).rows }
  } catch (error) {
    if (error instanceof InputError && error.code === 'non_finite') return undefined
    throw error
  }
}

/** Throws unless every prediction is a probability and every explanation adds up to it. */
export function checkAnswers(predictor: Predictor, artifact: Artifact): void {
  const rows = probeRows(artifact)
  const frame = frameOfCells(artifact.preprocessor.inputs, rows)
  const classes = artifact.classes.length
  const answers = answersOf(predictor, frame)
  if (!answers) return
  const { probabilities, explained } = answers
  rows.forEach((cells, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes)
    const sum = own.reduce((total, value) => total + value, 0)
    const isDistribution = own.every((p) => p >= 0 && p <= 1 + 1e-9) && Math.abs(sum - 1) < 1e-6
    if (!isDistribution) throw new Error(`row ${JSON.stringify(cells)} has probabilities ${own}`)
    const explanation = explained[row]
    if (!explanation) throw new Error('a row without an explanation')
    const numbers = [...explanation.baseValues, ...explanation.shapValues.flatMap((v) => [...v])]
    if (!numbers.every(Number.isFinite))
      throw new Error(`row ${JSON.stringify(cells)} has SHAP values ${numbers}`)
    const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    if (!(explanation.additivityError <= 1e-9 * largest))
      throw new Error(`row ${JSON.stringify(cells)} is off by ${explanation.additivityError}`)
  })
}

/**
 * Returns whether files are accepted; throws unless they are refused by an ArtifactError or give sound answers.
 * Trees are held to that without their self-test too, so that it cannot hide what the validator lets through.
 */
export function isAccepted(files: Files): boolean {
  try {
    const artifact = decodeFiles(files)
    const predictor = buildPredictor(artifact)
    if (artifact.model.kind === 'linear') runSelfTest(predictor, artifact)
    checkAnswers(predictor, artifact)
    // A model card must be written of whatever is accepted.
    JSON.stringify(artifact.metrics)
    runSelfTest(predictor, artifact)
    return true
  } catch (error) {
    if (error instanceof ArtifactError) return false
    throw error
  }
}

const deepLists = '['.repeat(100_000) + ']'.repeat(100_000)

/** Returns files with a JSON file edited; `"@deep@"` in it becomes lists in each other. */
export function withJson(files: Files, name: string, edit: (json: Json) => void): Files {
  const json = parseFile(files, name)
  edit(json)
  const text = JSON.stringify(json)
    .replaceAll('"@deep@"', deepLists)
    .replaceAll('"@1e999@"', '1e999')
  // Parsing the manifest again would lose what only its text says.
  if (name === MANIFEST_FILE) return new Map([...files, [name, sealManifest(text)]])
  return reseal(new Map([...files, [name, toBytes(text)]]))
}

export type Steps = { column: string; chain: { kind: string; value?: unknown; scale?: number }[] }[]
