/** What a supervisor and its processes tell each other. */
import {
  ArtifactError,
  type ArtifactErrorCode,
  InputError,
  type InputErrorCode,
} from '../errors.ts'
import type { Samples } from '../http/metrics.ts'
import type { PreparedServer, ServerOptions } from '../http/server.ts'

/** What a process is told. */
export type Order =
  /** The first message. */
  | { readonly kind: 'start'; readonly options: ServerOptions; readonly processes: number }
  /** Comes with the socket of a client, unless that is gone already. */
  | { readonly kind: 'connection' }
  | { readonly kind: 'drain'; readonly reason: string; readonly limitMs: number }
  /** Asks what was counted. */
  | { readonly kind: 'samples' }
  /** Asks whether its event loop turns. */
  | { readonly kind: 'beat' }
  /** No more connections come. */
  | { readonly kind: 'closed' }

/** What is known of a process that is ready. */
export type Readiness = Pick<PreparedServer, 'facts' | 'modelId' | 'example'>

/** What a process tells. */
export type Report =
  | ({ readonly kind: 'ready' } & Readiness)
  /** It could not start, or what it was to complete afterwards cannot be built; it ends. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** What it has counted. */
  | { readonly kind: 'samples'; readonly samples: Samples }
  /** Its event loop turns. */
  | { readonly kind: 'beat' }
  /** It stops of its own accord. */
  | { readonly kind: 'leaving' }

/** An error as data: processes cannot pass classes. */
export type Failure =
  | { readonly input: InputErrorCode; readonly message: string }
  | { readonly artifact: ArtifactErrorCode; readonly message: string }
  | { readonly stack: string }

/** Returns an error as data. */
export function toFailure(error: unknown): Failure {
  if (error instanceof InputError) return { input: error.code, message: error.message }
  if (error instanceof ArtifactError) return { artifact: error.code, message: error.message }
  return { stack: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

/** Returns the error that was sent as data. */
export function fromFailure(failure: Failure): Error {
  if ('input' in failure) return new InputError(failure.input, failure.message)
  if ('artifact' in failure) return new ArtifactError(failure.artifact, failure.message)
  return Object.assign(new Error('a process failed at its start'), { stack: failure.stack })
}
