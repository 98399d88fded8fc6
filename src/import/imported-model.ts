/** What every reader of another library's file ends in, and what a user may say about it. */

import { ArtifactError, InputError } from '../errors.ts'
import type { ModelSpec } from '../models/model.ts'
import type { Pipeline } from './pipeline.ts'

/** Most columns and most classes that are read: a file may claim any number. */
export const MAX_COLUMNS = 100_000
export const MAX_CLASSES = 1000

/** A column as a file knows it. */
export interface ImportedColumn {
  /** As the file, or else the library, calls it. */
  readonly name: string
  /** Present for a column of categories: how many codes the model's splits know. */
  readonly codes?: number
  /** The categories by their code, where the file names them. */
  readonly categories?: readonly (string | number)[]
  /** Whether they are true and false, however a request spells those. */
  readonly areTruths?: true
  /** Why a file that names them is not believed; a clause that follows "without names". */
  readonly whyUnnamed?: string
  /** Whether a number between two codes counts as the one nearer to 0. */
  readonly cutsFractions?: true
  /** The category that a missing value was in training; absent = it was missing there too. */
  readonly missingCategory?: string
}

/** A model of another library. */
export interface ImportedModel {
  readonly library: string
  /** Of the library, if the file says it. */
  readonly libraryVersion?: string
  readonly estimator: string
  readonly spec: ModelSpec
  /** In the order of the model's features. */
  readonly columns: readonly ImportedColumn[]
  /** How the columns become features; absent = each is one, by its own description. */
  readonly pipeline?: Pipeline
  /** The number that counted as missing in training, where the file says it. */
  readonly missing?: number
  readonly classCount: number
  /** In the library's order, where the file names them. */
  readonly classes?: readonly string[]
  /** Why the classes cannot be 0, 1, …; absent where they can. */
  readonly needsClasses?: string
  /** What is worth knowing of how it was trained. */
  readonly params: Readonly<Record<string, string | number>>
  /** What a person should know before using it. */
  readonly notes: readonly string[]
}

/** What a reader may be told. */
export interface ReadOptions {
  /** How many rounds of boosting to take. */
  readonly rounds?: 'best' | 'all' | number
  /** Whether the model is that of XGBClassifier, which uses the best rounds where it is not told otherwise. */
  readonly isWrapped?: true
  /** Whether to believe a file without a rule for missing values that they fail every comparison. */
  readonly allowMissing?: boolean
}

/** One format: how its files are told from others, and how they are read. */
export interface Importer {
  /** For messages. */
  readonly title: string
  recognises(bytes: Uint8Array): boolean
  /** @throws ArtifactError or InputError with one line that says what is wrong */
  read(bytes: Uint8Array, options: ReadOptions): ImportedModel
}

/** Returns the refusal of a file that holds no valid model. */
export function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the file is not valid: ${detail}`)
}

/** Returns the refusal of a model that is valid but cannot be served here. */
export function unsupported(message: string): ArtifactError {
  return new ArtifactError('foreign', message)
}

/** Returns the refusal of a flag. */
export function badFlag(message: string): InputError {
  return new InputError('invalid_parameter', message)
}

/**
 * Throws unless names of one thing are texts that can be shown and told apart.
 * @param what such as `column names`
 */
export function checkNames(
  names: readonly (string | number)[],
  what: string,
  fail: (message: string) => Error = invalid,
): void {
  const seen = new Set<string>()
  for (const name of names) {
    const text = String(name)
    if (text === '') throw fail(`${what}: one is empty`)
    if (text.length > 1000)
      throw fail(`${what}: one has ${text.length} characters, at most 1000 are read`)
    if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) throw fail(`${what}: one has a control character`)
    if (seen.has(text)) throw fail(`${what}: ${JSON.stringify(text.slice(0, 64))} appears twice`)
    seen.add(text)
  }
}
