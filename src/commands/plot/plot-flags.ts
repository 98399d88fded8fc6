/** What `shapserve plot` was told, by the names of flags in camel case. */
import type { ReadingFlags } from '../reading-flags.ts'

export type PlotFlags = ReadingFlags & {
  readonly modelDir: string
  readonly publicKey?: string
  readonly inputFormat?: string
  readonly format?: string
  readonly out: string
  readonly labels?: string
} & Readonly<Record<string, string | boolean | undefined>>
