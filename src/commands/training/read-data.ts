/** The tables of a training: its own, the channels to measure on, the background. */
import type { DataFrame } from '../../data/frame.ts'
import { isMarker } from '../../preprocess/written/markers.ts'
import { alignTable } from '../../tables/align.ts'
import type { ProcessBudget } from '../../tables/memory.ts'
import { type FileSummary, type ReadTable, readTables } from '../../tables/read-tables.ts'
import type { ChannelName } from '../../training/measure.ts'
import type { TrainRequest } from './train-request.ts'

export interface TrainingData {
  readonly training: ReadTable
  /** With the columns of the training table. */
  readonly channels: ReadonlyMap<ChannelName, DataFrame>
  readonly background?: DataFrame
  /** All files read, in their order. */
  readonly files: readonly FileSummary[]
  /** What may not be as it was meant. */
  readonly warnings: readonly string[]
}

/**
 * Reads what a request names.
 * @throws InputError for a file that cannot be read, or a channel whose columns do not fit
 */
export async function readData(
  request: TrainRequest,
  budget: ProcessBudget,
): Promise<TrainingData> {
  const training = await readTables(request.source, request.header, budget)
  // A text such as 1.000 may be a thousand: what training has as texts, no other table may have read as decimals.
  const texts = training.table.names.filter((_, at) => training.table.columns[at]?.kind === 'text')
  const files = [...training.files]
  const warnings = [...training.warnings]
  const channels = new Map<ChannelName, DataFrame>()
  for (const name of ['validation', 'test'] as const) {
    const source = request[name]
    if (!source) continue
    const read = await readTables({ ...source, texts }, request.header, budget)
    files.push(...read.files)
    warnings.push(...read.warnings)
    const gaps = { isMissing: isGap(request), warn: (line: string) => warnings.push(line) }
    const weight = request.weight ?? request.plan?.weight
    channels.set(name, alignTable(training, read, weight, gaps))
  }
  const background =
    request.background && (await readTables({ ...request.background, texts }, request.header))
  if (background) files.push(...background.files)
  return { training, channels, files, warnings, background: background?.table }
}

/** As in the training table: what is said to mean missing, and the known markers where nothing else is said. */
function isGap({ written, plan }: TrainRequest): (text: string) => boolean {
  const told = new Set([...(written?.missingValues ?? []), ...(written?.treatAsMissing ?? [])])
  const knowsMarkers = written?.missingValues === undefined && plan === undefined
  return (text) => told.has(text) || (knowsMarkers && isMarker(text))
}
