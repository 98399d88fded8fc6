/** A media type as requests and answers name it. */
export interface MediaType {
  /** Type and subtype in lower case. */
  readonly essence: string
  readonly parameters: ReadonlyMap<string, string>
}

export type Operation = 'predict' | 'explain'
