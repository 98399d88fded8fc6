/** What `shapserve plot` was told, by the names of flags in camel case. */
export type PlotFlags = {
  readonly modelDir: string
  readonly publicKey?: string
  readonly inputFormat?: string
  readonly format?: string
  readonly out: string
} & Readonly<Record<string, string | undefined>>
