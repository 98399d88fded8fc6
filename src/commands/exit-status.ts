/** How a command that fails ends: its exit status and the line that says why. */
import { constants } from 'node:os'
import { ArtifactError, InputError } from '../errors.ts'
import { CloudError, StoppedWaiting } from './sagemaker/launcher/refusal.ts'
import { Interrupted } from './training/interruption.ts'

/** 0 = done; 1 = something wrong in data, a model or a setting; 2 = wrong usage; 3 = live rows have drifted; 70 = a defect of ours. */
export const EXIT = { done: 0, refused: 1, usage: 2, drifted: 3, defect: 70 } as const

/**
 * Whoever read standard output has gone, as `head` does when it has enough: the command ends without a word, with the
 * status of a program that SIGPIPE ended.
 */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
  readonly status = 128 + constants.signals.SIGPIPE
}

/** Arguments that do not make a command. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Returns the exit status of a command that threw; of an interrupted one that of a shell. */
export function statusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (
    error instanceof Interrupted ||
    error instanceof StoppedWaiting ||
    error instanceof ReaderGone
  )
    return error.status
  return isRefusal(error) || isDiskFailure(error) ? EXIT.refused : EXIT.defect
}

/** Returns the line for a person, or nothing; a defect of ours says so, with the place in the code. */
export function describeError(error: unknown): string {
  if (error instanceof ReaderGone) return ''
  if (error instanceof UsageError) return `shapserve: ${error.message}`
  return `shapserve: ${describeReason(error)}`
}

/** Returns why it failed, without the program's name. */
export function describeReason(error: unknown): string {
  if (isRefusal(error) || error instanceof Interrupted || error instanceof StoppedWaiting)
    return error.message
  if (isDiskFailure(error)) return `${error.syscall ?? 'writing'} failed: ${error.code}`
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

function isRefusal(error: unknown): error is Error {
  return (
    error instanceof InputError || error instanceof ArtifactError || error instanceof CloudError
  )
}

/** Failures of a disk or of a reader, wherever something was written: no defect of ours. */
const diskFailures = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EPIPE', 'EROFS'])

function isDiskFailure(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && diskFailures.has((error as NodeJS.ErrnoException).code ?? '')
}
