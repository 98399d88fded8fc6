/** Where a training stands, as marks of User Timing: a profile shows them, and the benchmark tells its parts by them. */

/**
 * What has just been done: the command has started, the files are read, the plan is made, the table is split and
 * checked, the model is fitted, measured on the test rows, explained over a sample, its columns shuffled, the artifact
 * made, the papers written, the directory written.
 */
export type Phase =
  | 'started'
  | 'read'
  | 'planned'
  | 'checked'
  | 'fitted'
  | 'tested'
  | 'explained'
  | 'shuffled'
  | 'made'
  | 'described'
  | 'saved'

/** Marks the end of a phase; `node --trace-event-categories node.perf.usertiming` writes the marks down. */
export function markPhase(phase: Phase): void {
  performance.mark(`shapserve:${phase}`)
}
