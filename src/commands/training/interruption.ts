/** SIGTERM and SIGINT during a training. */
import { constants } from 'node:os'
import { quote } from '../../errors.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
type StopSignal = (typeof SIGNALS)[number]

/** A training that was stopped before there was a model: the exit status is that of a shell, 128 and the signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly status: number

  constructor(signal: StopSignal, directory: string) {
    super(`stopped by ${signal} before a model was written; ${quote(directory, 256)} is as it was`)
    this.status = 128 + constants.signals[signal]
  }
}

/** Milliseconds that a stopped search may take to train its best. */
const PATIENCE = 60_000

/** Notes the first signal that asks a training to stop. */
export interface StopWatch {
  /** Whether a signal has come. */
  isAsked(): boolean
  /** Whether there has been a second signal, or the first a minute ago: SageMaker kills after two. */
  isUrgent(): boolean
  /** Throws Interrupted if a signal has come. */
  check(): void
  /** Returns what the work returns, or throws Interrupted at the first signal without waiting for it. */
  race<T>(work: Promise<T>): Promise<T>
  /** Gives the signals back their usual meaning. */
  end(): void
}

/** Watches for signals; the directory is named in the message. */
export function watchSignals(directory: string): StopWatch {
  let asked: StopSignal | undefined
  const { promise: stopped, reject } = withReject()
  // Nobody need be waiting when the signal comes.
  stopped.catch(() => {})
  let signals = 0
  let first = 0
  const note = (signal: NodeJS.Signals) => {
    asked ??= signal as StopSignal
    if (++signals === 1) first = performance.now()
    reject(new Interrupted(asked, directory))
  }
  for (const signal of SIGNALS) process.on(signal, note)
  return {
    isAsked: () => asked !== undefined,
    isUrgent: () => signals > 1 || (signals === 1 && performance.now() - first > PATIENCE),
    check() {
      if (asked !== undefined) throw new Interrupted(asked, directory)
    },
    race: (work) => Promise.race([work, stopped]),
    end() {
      for (const signal of SIGNALS) process.off(signal, note)
    },
  }
}

function withReject(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<never>((_, fail) => {
    reject = fail
  })
  return { promise, reject }
}
