/** An import from the file to the model directory: reads, builds, checks, writes, and tells. */
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Artifact } from '../../artifact/artifact.ts'
import { withModelId } from '../../artifact/encode.ts'
import { labelModel } from '../../artifact/labelled-model.ts'
import { runSteps } from '../../data/steps.ts'
import { counted, flagWith, InputError, shellWord } from '../../errors.ts'
import { draftImport } from '../../import/build-artifact.ts'
import { checkAnswers } from '../../import/check-answers.ts'
import type { ImportedModel } from '../../import/imported-model.ts'
import { takesSignature } from '../../import/mlflow.ts'
import { writeImportedCard } from '../../import/model-card.ts'
import { MAX_FILE, sha256 } from '../../model-directory/files.ts'
import { findForeign } from '../../model-directory/foreign-directory.ts'
import {
  type ForeignBytes,
  openForeignFile,
  openForeignFolder,
} from '../../model-directory/foreign-model.ts'
import { isArchive, openModelSource } from '../../model-directory/model-source.ts'
import { CARD_FILE, REPORT_FILE } from '../../model-directory/papers.ts'
import { openModelWriter } from '../../model-directory/write.ts'
import { kindOf } from '../../models/index.ts'
import type { ExplainerOffer } from '../../models/model.ts'
import { buildPredictor, type Predictor } from '../../predictor/predictor.ts'
import { makeSelfTest } from '../../predictor/self-test.ts'
import { writeReport } from '../../report/report.ts'
import { openInputFile } from '../../tables/input-files.ts'
import { readTables } from '../../tables/read-tables.ts'
import { fitBackground, fitRows } from '../../training/background.ts'
import { namesOfModel } from '../labels/known-names.ts'
import { readLabelsFile } from '../labels/read-labels.ts'
import { createOutput } from '../terminal.ts'
import { type ImportFlags, readRounds, readWords } from './read-import-flags.ts'

/** Longest computation of all pictures of the report. */
const PICTURES_SECONDS = 0.2

/** Imports a file; throws InputError or ArtifactError with one line that says what is wrong. */
export async function runImport(file: string, flags: ImportFlags): Promise<void> {
  const output = createOutput({ quiet: flags.json === true })
  const rounds = readRounds(flags)
  const words = await readWords(flags)
  const source = await findSource(file)
  const model = await source.bytes.read(flags.format, {
    rounds,
    isWrapped: source.usesBestRounds || undefined,
    allowMissing: flags.allowMissing,
  })
  const signature = words.columns ? undefined : source.columns
  const columns = signature && takesSignature(model, signature) ? signature : words.columns
  const draft = draftImport(model, { ...words, columns }, source.bytes.sha256)
  const background =
    flags.background === undefined
      ? draft.background
      : runSteps(fitBackground(draft.preprocessor, await readTable(flags.background)))
  if (draft.model.kind === 'linear' && background.rows === 0)
    throw new InputError(
      'invalid_parameter',
      'a linear model is explained against rows: name some with --background',
    )
  const kind = kindOf(draft.model)
  const explained =
    background.rows === 0 ? draft.model : kind.withBackground(draft.model, background)
  const labels = flags.labels && (await readLabelsFile(flags.labels, namesOfModel(draft)))
  const parts = { ...draft, model: explained, background, ...(labels ? { labels } : {}) }
  const predictor = buildPredictor(parts)
  let metrics = {}
  if (flags.check !== undefined) {
    const table = await readTable(flags.check)
    const frame = runSteps(fitRows(draft.preprocessor, table, 'file of --check'))
    metrics = { check: checkAnswers(predictor, frame, table) }
  }
  const selfTest = makeSelfTest(predictor)
  const artifact = withModelId({ ...parts, metrics, selfTest }, sha256)
  const writer = await openModelWriter(flags.modelDir)
  try {
    await writer.commit(artifact, {
      [CARD_FILE]: writeImportedCard(artifact, model.notes),
      [REPORT_FILE]: await writeReport(artifact, predictor, PICTURES_SECONDS),
    })
  } finally {
    await writer.release()
  }
  const written = { artifact, model, modelDir: flags.modelDir, offers: offersOf(predictor) }
  if (flags.json) output.result(`${JSON.stringify(describe(written))}\n`)
  else output.lines(writeLines(written))
}

/** A file, or the one that a directory or an archive of another program names, or a directory as a whole. */
async function findSource(path: string): Promise<{
  readonly bytes: ForeignBytes
  readonly columns?: readonly string[]
  readonly usesBestRounds: boolean
}> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isDirectory && !isArchive(path))
    return { bytes: openForeignFile(await readWhole(path), basename(path)), usesBestRounds: false }
  const source = await openModelSource(path)
  const { file, isFolder, ...found } = await findForeign(source, await source.list())
  if (isFolder) return { ...found, bytes: await openForeignFolder(source, file) }
  const bytes = isDirectory
    ? await readWhole(join(path, file))
    : await source.read(file, { most: MAX_FILE })
  return { ...found, bytes: openForeignFile(bytes, basename(file)) }
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await openInputFile(path)
  try {
    const { size } = file
    if (size > MAX_FILE)
      throw new InputError('too_large', `the file has ${size} bytes, at most ${MAX_FILE} are read`)
    const bytes = new Uint8Array(size)
    let at = 0
    for await (const piece of file.pieces()) {
      if (at + piece.length > size)
        throw new InputError('invalid_file', 'the file changed while it was read')
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes.subarray(0, at)
  } finally {
    await file.close()
  }
}

async function readTable(file: string) {
  return (await readTables({ files: [file] }, 'present')).table
}

/** What was written, and what it can be explained by. */
interface Written {
  readonly artifact: Artifact
  readonly model: ImportedModel
  readonly modelDir: string
  readonly offers: readonly ExplainerOffer[]
}

function describe({ artifact, model: { notes }, modelDir, offers }: Written) {
  const { inputs } = artifact.preprocessor
  return {
    model_id: artifact.modelId,
    model_dir: modelDir,
    estimator: artifact.estimator,
    engine: artifact.engine,
    params: artifact.params,
    target: artifact.plan.target,
    classes: artifact.classes,
    columns: inputs.map(({ name, type, categories }) => ({ name, type, categories })),
    explanations: offers.map(({ method, space }) => ({ method, space })),
    check: artifact.metrics.check,
    notes,
  }
}

function offersOf({ offers }: Predictor): ExplainerOffer[] {
  return offers.filter(({ refusal }) => refusal === undefined)
}

function writeLines({ artifact, model: { notes }, modelDir, offers }: Written): string[] {
  const { classes, plan, preprocessor, model, metrics, params } = labelModel(artifact)
  const { inputs } = preprocessor
  const shown = inputs
    .slice(0, 20)
    .map(({ name, categories }) =>
      categories ? `${name} (${counted(categories.length, 'category', 'categories')})` : name,
    )
  const explains = offers.map(({ method, space }) => `${method} (${space})`)
  const check = metrics.check as { rows: number; max_difference: number } | undefined
  return [
    `read      ${[artifact.engine, params.objective, params.booster].filter(Boolean).join(', ')}${params.rounds === undefined ? '' : `: ${counted(Number(params.rounds), 'round')}`}`,
    `model     ${kindOf(model).describeSize(model)}`,
    `columns   ${inputs.length}: ${shown.join(', ')}${inputs.length > 20 ? ', …' : ''}`,
    `target    ${plan.target}   ${counted(classes.length, 'class', 'classes')}: ${classes.slice(0, 20).join(', ')}${classes.length > 20 ? ', …' : ''}`,
    `explains  ${explains.join(', ') || 'not at all without --background'}`,
    ...(check
      ? [
          `check     ${counted(check.rows, 'row')}, largest difference ${check.max_difference.toExponential(1)}`,
        ]
      : []),
    ...notes.map((note) => `note      ${note}`),
    `saved     ${modelDir}/   model ${artifact.modelId}`,
    `next      npx shapserve inspect ${shellWord(modelDir)} · npx shapserve serve ${flagWith('--model-dir', modelDir)}`,
  ]
}
