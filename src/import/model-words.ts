/** What a user says of a model: what its file does not. */
export interface ModelWords {
  readonly target: string
  readonly columns?: readonly string[]
  readonly classes?: readonly string[]
  /** Of two classes the one whose probability is the score. */
  readonly positiveClass?: string
  /** Categories by their code, by the name of their column. */
  readonly categories?: ReadonlyMap<string, readonly (string | number)[]>
  /** The number that counted as missing in training. */
  readonly missing?: number
  readonly refuseUnknown?: boolean
}
