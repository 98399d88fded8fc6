/** How the launcher ends without success: what AWS refused, and what goes on without it. */

/** What AWS, or a program on the way to it, did not do: one line that says what and what to do; exit status 1. */
export class CloudError extends Error {
  override readonly name = 'CloudError'
  /** AWS's name of the failure, such as `ThrottlingException`; empty where there is none. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The user stopped waiting (Ctrl-C, SIGTERM): the exit status is that of a shell, 128 and the signal. */
export class StoppedWaiting extends Error {
  override readonly name = 'StoppedWaiting'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
