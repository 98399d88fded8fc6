/** `shapserve plot NAME [FILE]`: the pictures of the routes, without a server. */
import { runDrawJob } from '../../answering/draw-job.ts'
import type { JobResult } from '../../answering/job.ts'
import { pictureOptions } from '../../answering/picture.ts'
import { didYouMean, InputError, listNames } from '../../errors.ts'
import { readPublicKey } from '../../model-directory/keys.ts'
import { readModelDirectory } from '../../model-directory/read.ts'
import { findPlot } from '../../plots/index.ts'
import { withLabels } from '../labels/label-loaded.ts'
import { withOwnNames } from '../labels/own-names.ts'
import { writeOutputFile } from '../output/output-file.ts'
import { checkOutputIsNoInput } from '../output/same-file.ts'
import { readReading } from '../reading-flags.ts'
import { chooseFormat, mediaTypes } from '../rows/formats.ts'
import { runRows } from '../rows/run-rows.ts'
import type { PlotFlags } from './plot-flags.ts'

const explainOptions = ['output', 'space', 'method', 'level'] as const

/**
 * Draws a plot of the rows of a file, or of the model itself, and writes it.
 * @param optionNames the options of all plots that have a flag
 * @throws InputError for a plot, option or file that cannot be used, ArtifactError for a model that is refused
 */
export async function runPlot(
  name: string,
  file: string | undefined,
  flags: PlotFlags,
  optionNames: readonly string[],
): Promise<void> {
  const plot = findPlot(name)
  const own = Object.keys(pictureOptions(plot))
  const given = optionNames.flatMap((option) => {
    const value = flags[camelCase(option)]
    return typeof value === 'string' ? [[option, value] as const] : []
  })
  const stranger = given.find(([option]) => !own.includes(option))
  if (stranger)
    throw new InputError(
      'invalid_option',
      `plot ${name} takes no --${stranger[0].replaceAll('_', '-')}${didYouMean(stranger[0], own)}; it takes ${listNames(own)}`,
    )
  const options = explainOptions.flatMap((option) => {
    const value = flags[option]
    return typeof value === 'string' ? [[option, value] as const] : []
  })
  const parameters = [['plot', name], ...given, ...options.filter(([o]) => o === 'output')] as const
  const { modelDir, publicKey, labels, inputFormat, out } = flags
  const asked = { operation: 'explain', format: flags.format, out, plot: parameters } as const
  const format = chooseFormat({ ...asked, options }, 'csv', false)
  if (file !== undefined && plot.drawRows) {
    await runRows({
      ...{ ...asked, modelDir, publicKey, labels, inputFormat, file, format, options },
      reading: readReading(flags),
      hasHeader: flags.header,
      jobs: 1,
    })
    return
  }
  if (file !== undefined)
    throw new InputError('invalid_option', `plot ${name} is of the model; it takes no rows`)
  checkNothingIsRead(flags)
  await checkOutputIsNoInput(out, '-', modelDir)
  const key = publicKey ? await readPublicKey(publicKey) : undefined
  const model = await readModelDirectory(modelDir, undefined, key)
  const { artifact, predictor } = await withLabels(model, labels)
  const unlimited = Number.POSITIVE_INFINITY
  const result = await runDrawJob(
    predictor,
    {
      operation: 'draw',
      body: new Uint8Array(),
      plot: name,
      answer: { essence: mediaTypes[format], parameters: new Map(parameters) },
      options: withOwnNames(options, artifact),
      limits: { maxRows: unlimited, maxAnswerBytes: unlimited, maxSeconds: unlimited },
    },
    false,
  )
  await writeOutputFile(out, (result as JobResult).body)
}

/** Flags that say how a file is written, where there is none. */
const readingFlags = {
  inputFormat: '--input-format',
  delimiter: '--delimiter',
  encoding: '--encoding',
  skipRows: '--skip-rows',
} as const

/** @throws InputError `invalid_option` for a flag that would mean nothing */
function checkNothingIsRead(flags: PlotFlags): void {
  const given = Object.entries(readingFlags).find(([name]) => flags[name] !== undefined)
  const { header } = flags
  const flag =
    given?.[1] ?? (header === undefined ? undefined : header ? '--header' : '--no-header')
  if (flag !== undefined)
    throw new InputError(
      'invalid_option',
      `${flag} says how a file of rows is written; name the file, or leave out ${flag}`,
    )
}

function camelCase(name: string): string {
  return name.replace(/_./g, (match) => match.slice(1).toUpperCase())
}
