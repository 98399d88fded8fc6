/** Reads live rows, compares them, writes what was found, and ends with a status that schedulers understand. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { columnLabel } from '../../data/readable.ts'
import { counted, InputError, listNames, quote, quotePath } from '../../errors.ts'
import {
  type DriftReport,
  writeDrift,
  writeViolations,
} from '../../evaluation/drift/drift-document.ts'
import { type Compared, labelDrift } from '../../evaluation/drift/label-drift.ts'
import { findViolations } from '../../evaluation/drift/violations.ts'
import { readPublicKey } from '../../model-directory/keys.ts'
import { type LoadedModel, readModelDirectory } from '../../model-directory/read.ts'
import {
  type Reference,
  referenceOfBackground,
  referenceOfRows,
  referenceOfTraining,
} from '../../predictor/drift-reference.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import { type SampleSizes, sampleRows } from '../../predictor/sample-rows.ts'
import { watchRows } from '../../predictor/watch-rows.ts'
import { EXIT } from '../exit-status.ts'
import { withLabels } from '../labels/label-loaded.ts'
import { writeOutputFile } from '../output/output-file.ts'
import { columnsOf } from '../output/standard-streams.ts'
import { createOutput, type Output, printableJson } from '../terminal.ts'
import { describeDrift } from './describe-drift.ts'
import { checkResultsAreElsewhere, findFiles, isThere } from './find-files.ts'
import { type Reading, readLiveRows } from './live-rows.ts'
import { type MonitorFlags, readSizes, readThresholds } from './monitor-request.ts'

/** Rows that stand for those of training; of more, so many are drawn. */
const BASELINE_ROWS = 100_000
/** Of fewer live rows little can be said. */
const FEW_ROWS = 100

/**
 * Compares the rows of files with those that a model was trained on; the exit status is 3 where something has drifted.
 * @throws InputError for files, rows or flags that cannot be used, ArtifactError for a model that is refused
 */
export async function runMonitor(captures: readonly string[], flags: MonitorFlags): Promise<void> {
  const thresholds = readThresholds(flags)
  const sizes = readSizes(flags)
  const { output: directory, html } = flags
  checkResultsAreElsewhere(captures, { '--output': directory, '--html': html })
  const files = await findFiles(captures)
  const key = flags.publicKey ? await readPublicKey(flags.publicKey) : undefined
  const stored = await readModelDirectory(flags.modelDir, undefined, key)
  const model = await withLabels(stored, flags.labels)
  const { predictor } = model
  const ignored = flags.ignore ?? []
  checkIgnored(predictor, ignored)
  const output = createOutput({ quiet: false })
  const reference = await readReference(model, flags, sizes)
  // A place that takes no results says so before a million rows are read.
  if (directory !== undefined) await makeDirectory(directory)
  const live = readLiveRows(predictor, {
    hasNoHeader: !flags.header,
    anyModel: flags.anyModel === true,
  })
  const { found } = live
  const watch = watchRows(predictor, reference, sizes)
  let rows = 0
  let vanished = 0
  for (const [done, { path, mayVanish }] of files.entries()) {
    if (mayVanish && !(await isThere(path))) vanished++
    else
      for await (const frame of live.rows(path)) {
        watch.add(frame)
        rows += frame.length
      }
    await output.progress('monitor', done + 1, files.length, 'files')
  }
  output.close()
  if (rows === 0) throw new InputError('empty_data', describeNothing(found))
  const watched = watch.finish(found.masked)
  const isIgnored = new Set(ignored)
  const columns = watched.columns.filter(({ column }) => !isIgnored.has(column))
  const { unreadable, records } = found
  const { plan, classes, labels } = model.artifact
  const warningsIn = (nameOf: (column: string) => string) => [
    ...(vanished > 0 ? [`${counted(vanished, 'file')} vanished while others were read`] : []),
    ...listWarnings(found, reference, rows, watched.predicted, nameOf),
  ]
  const compared: Compared = {
    ...watched,
    columns,
    modelId: predictor.modelId,
    target: plan.target,
    classes,
    reference: { kind: reference.kind, rows: reference.profile.rows },
    records: {
      read: records,
      unreadable,
      otherModel: found.otherModel,
      withoutInput: found.withoutInput,
      firstProblem: found.firstProblem,
    },
    unseen: [...new Set([...found.masked, ...ignored, ...(reference.unsure ?? [])])],
    columnNames: predictor.preprocessor.featureNamesIn,
    thresholds,
    warnings: warningsIn((column) => column),
  }
  const judge = (own: Compared, column: string | undefined): DriftReport => ({
    ...own,
    ...findViolations(
      { ...own, unreadable: { rows: unreadable, of: records, column } },
      thresholds,
    ),
  })
  const report = judge(compared, found.firstColumn)
  const nameOf = (column: string) => columnLabel(labels, column)
  const shown = labels
    ? judge(
        {
          ...labelDrift(compared, labels),
          warnings: warningsIn(nameOf),
        },
        found.firstColumn && nameOf(found.firstColumn),
      )
    : report
  await writeReport(report, shown, flags, output)
  if (report.violations.length > 0) process.exitCode = EXIT.drifted
}

function checkIgnored({ preprocessor }: Predictor, ignored: readonly string[]): void {
  const stranger = ignored.find((name) => !preprocessor.featureNamesIn.includes(name))
  if (stranger !== undefined)
    throw new InputError(
      'invalid_parameter',
      `--ignore is ${quote(stranger)}, the model has ${listNames(preprocessor.featureNamesIn)}`,
    )
}

/** Returns what rows are compared with: a table, or what is stored of the training, or what is stored to explain against. */
async function readReference(
  { artifact, predictor }: LoadedModel,
  { baseline, header }: MonitorFlags,
  sizes: SampleSizes,
): Promise<Reference> {
  if (baseline !== undefined) {
    const sampler = sampleRows(predictor, { ...sizes, rows: BASELINE_ROWS })
    const { rows } = readLiveRows(predictor, { hasNoHeader: !header, anyModel: true })
    for await (const frame of rows(baseline)) sampler.add(frame)
    const drawn = sampler.drawn()
    if (drawn.length === 0)
      throw new InputError('empty_data', `--baseline: ${quote(baseline, 256)} has no row`)
    return referenceOfRows(predictor, drawn, sizes)
  }
  const stored = referenceOfTraining(artifact)
  if (stored) return stored
  const { background, training } = artifact
  // What a model that was trained here keeps of its rows has no gaps any more.
  if (background.rows === 0 || training.rows > 0)
    throw new InputError(
      'invalid_parameter',
      'this model has no profile of its training rows; name a file of such rows with --baseline',
    )
  return referenceOfBackground(predictor, sizes)
}

function describeNothing({ records, unreadable, otherModel, withoutInput, firstProblem }: Reading) {
  if (records === 0) return 'there are no rows to compare'
  const why = [
    unreadable > 0 ? `${unreadable} cannot be read (${firstProblem})` : '',
    otherModel > 0 ? `${otherModel} are of another model (--any-model takes them)` : '',
    withoutInput > 0 ? `${withoutInput} were captured without what was asked` : '',
  ].filter(Boolean)
  return `none of the ${records} records has rows to compare: ${why.join(', ') || 'they are empty'}`
}

function listWarnings(
  found: Reading,
  { kind, profile, unsure = [] }: Reference,
  rows: number,
  predicted: number,
  nameOf: (column: string) => string,
): string[] {
  const { masked, otherModel, unreadable, withoutInput, firstProblem } = found
  const warnings: string[] = []
  if (rows < FEW_ROWS)
    warnings.push(`only ${counted(rows, 'row')}: only large differences can be told from chance`)
  if (kind === 'background')
    warnings.push(
      `the model has no profile of its training rows: it is compared with the ${profile.rows} rows that it is explained against`,
    )
  if (unsure.length > 0)
    warnings.push(
      `columns whose values these rows do not tell are not compared: ${listNames(unsure.map(nameOf))}`,
    )
  if (masked.size > 0)
    warnings.push(
      `masked columns are not compared: ${listNames([...masked].map(nameOf))}; without them nothing can be predicted`,
    )
  else if (profile.predictions?.part === 'training')
    warnings.push(
      'predictions are not compared: no row was held out of the training, and those of training rows are surer than any others',
    )
  else if (predicted === 0) warnings.push('no row is whole enough to be predicted')
  if (otherModel > 0)
    warnings.push(
      `${counted(otherModel, 'record')} of another model left out; --any-model takes them`,
    )
  if (withoutInput > 0) warnings.push(`${counted(withoutInput, 'record')} without input`)
  if (unreadable > 0)
    warnings.push(`${counted(unreadable, 'record')} cannot be read; the first: ${firstProblem}`)
  return warnings
}

/** @throws InputError `invalid_file` */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EEXIST' || code === 'ENOTDIR' ? 'is no directory' : `cannot be made: ${code}`
    throw new InputError('invalid_file', `--output: ${quotePath(directory)} ${why}`)
  }
}

/** Programs read the report, people the same one in readable names. */
async function writeReport(
  report: DriftReport,
  shown: DriftReport,
  { json, output: directory, html }: MonitorFlags,
  output: Output,
): Promise<void> {
  const document = `${printableJson(JSON.stringify(writeDrift(report)))}\n`
  if (directory !== undefined) {
    const violations = `${JSON.stringify(writeViolations(report), null, 2)}\n`
    await writeOutputFile(join(directory, 'constraint_violations.json'), violations)
    await writeOutputFile(join(directory, 'drift.json'), document)
  }
  if (html !== undefined) {
    const { writeDriftPage } = await import('../../report/drift-page.ts')
    await writeOutputFile(html, writeDriftPage(shown))
  }
  for (const warning of shown.warnings) output.warn(warning)
  if (json) output.result(document)
  else if (html !== '-') output.lines(describeDrift(shown, columnsOf(process.stdout)))
}
