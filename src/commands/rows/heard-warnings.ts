/** What was not understood of a file's rows, told on standard error once they are answered. */
import { parseExplainOptions } from '../../answering/explain-options.ts'
import type { JobResult } from '../../answering/job.ts'
import { findCodec } from '../../codecs/index.ts'
import { normalText } from '../../data/text.ts'
import { listNames, quote } from '../../errors.ts'
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
   * Tells which columns were ignored, unless no warnings are wanted; the rest where they are asked for and the answer has
   * no room for them.
   */
  tell(request: RowsRequest, format: AnswerFormat, predictor: Predictor): void
}

/** Returns a collector of what was not understood of the parts of a file, which tells it once. */
export function hearWarnings(): HeardWarnings {
  const ignored = new Set<string>()
  const counts = new Map<string, { code: WarningCode; column: string; count: number }>()
  return {
    add(part, { tally = [] }) {
      for (const name of part.ignored ?? []) ignored.add(name)
      for (const { code, column, count } of tally) {
        if (code === 'ignored_column') ignored.add(column)
        else {
          const key = `${code} ${column}`
          const entry = counts.get(key) ?? { code, column, count: 0 }
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
        !summary && format !== 'text' && findCodec(mediaTypes[format])?.hasWarnings === true
      if (asked !== true || hasRoom) return
      for (const { code, column, count } of counts.values())
        output.warn(`${quote(column)}: ${count} × ${warningCodes[code]}`)
    },
  }
}
