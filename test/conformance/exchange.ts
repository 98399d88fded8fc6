/** What goes over the wire in a case, and what a check may look at. */

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** What came back; also a command's output, which has no headers. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly ms: number
}

/** A request with its answer. */
export interface Exchange {
  readonly request: WireRequest
  readonly answer: Answer
}

/** What a check may look at besides the answer. */
export interface CheckContext extends Exchange {
  /** Sends the request once more, with another body if one is given. */
  readonly send: (body?: Buffer) => Promise<Answer>
  /** Returns the exchange of another case. */
  readonly reference: (id: string) => Promise<Exchange>
}

/** Returns a request's header whatever the case of its name; an empty text for none. */
export function headerOf(request: WireRequest, name: string): string {
  const found = Object.entries(request.headers).find(([own]) => own.toLowerCase() === name)
  return found?.[1] ?? ''
}
