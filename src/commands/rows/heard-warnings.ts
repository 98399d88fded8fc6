/** What was not understood of a file's rows, told on standard error once they are answered. */
import { parseExplainOptions } from '../../answering/explain-options.ts'
import type { JobResult } from '../../answering/job.ts'
import { findCodec } from '../../codecs/index.ts'
import type { Cell } from '../../data/frame.ts'
import { normalText } from '../../data/text.ts'
import { counted, listNames, quote } from '../../errors.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import { type WarningCode, warningCodes } from '../../preprocess/row-warnings.ts'
import type { Part } from '../../tables/row-files.ts'
import { createOutput } from '../terminal.ts'
import { type AnswerFormat, mediaTypes } from './formats.ts'
import type { RowsRequest } from './rows-request.ts'

export interface HeardWarnings {
  /** Notes what was not understood of a part. */
  add(part: Part, result: Pick<JobResult, 'tally'>): void
  /**
   * Tells which columns were ignored and which had unknown categories, unless no warnings are wanted; the rest where they
   * are asked for. What the answer has room for is not told of explanations.
   */
  tell(request: RowsRequest, format: AnswerFormat, predictor: Predictor): void
}

/** Returns a collector of what was not understood of the parts of a file, which tells it once. */
export function hearWarnings(): HeardWarnings {
  const ignored = new Set<string>()
  const counts = new Map<string, Heard>()
  return {
    add(part, { tally = [] }) {
      for (const name of part.ignored ?? []) ignored.add(name)
      for (const { code, column, count, first } of tally) {
        if (code === 'ignored_column') ignored.add(column)
        else {
          const key = `${code} ${column}`
          const entry = counts.get(key) ?? { code, column, count: 0, first }
          entry.count += count
          counts.set(key, entry)
        }
      }
    },
    tell({ operation, options, summary, keep = [] }, format, { preprocessor }) {
      const asked = operation === 'explain' ? parseExplainOptions(options).warnings : undefined
      if (asked === false) return
      const output = createOutput({ quiet: false })
      const others = new Set(preprocessor.spec.otherColumns)
      const dropped = [...ignored].filter((name) => !keep.includes(normalText(name)))
      const unused = dropped.filter((name) => others.has(name))
      const strange = dropped.filter((name) => !others.has(name))
      if (strange.length > 0)
        output.warn(`ignored, the model has no such column: ${listNames(strange)}`)
      if (unused.length > 0)
        output.warn(`ignored, the model learned nothing from it: ${listNames(unused)}`)
      const hasRoom =
        operation === 'explain' &&
        !summary &&
        format !== 'text' &&
        findCodec(mediaTypes[format])?.hasWarnings === true
      if (hasRoom) return
      const heard = [...counts.values()]
      const told = asked ? heard : heard.filter(({ code }) => code === 'unknown_category')
      const most = asked ? told.length : MOST_TOLD
      for (const one of told.slice(0, most)) output.warn(describe(one))
      const more = told.length - most
      if (more > 0) output.warn(`${counted(more, 'more column')}: ${warningCodes.unknown_category}`)
    },
  }
}

/** Columns whose unknown categories are told without being asked for. */
const MOST_TOLD = 10

/** A warning of a column, how often, and the first cell that it was given of. */
interface Heard {
  readonly code: WarningCode
  readonly column: string
  count: number
  readonly first: Cell | undefined
}

function describe({ code, column, count, first }: Heard): string {
  const example = first === undefined ? '' : `, such as ${quote(first)}`
  return `${quote(column)}: ${count} × ${warningCodes[code]}${example}`
}
