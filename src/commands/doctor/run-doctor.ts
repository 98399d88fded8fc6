/** Runs the checks of a directory or of a service, and tells what became of each. */
import { readFile, stat } from 'node:fs/promises'
import { ArtifactError, counted, InputError, quotePath } from '../../errors.ts'
import { sizeOf } from '../output/file-size.ts'
import { createOutput, printableJson } from '../terminal.ts'
import { createService, type Service } from './asked-service.ts'
import { CheckFailure, type Outcome, runCheck } from './check.ts'
import { type OwnServer, startOwnServer } from './own-server.ts'
import { duration, PING, serviceChecks } from './service-checks.ts'

export interface DoctorFlags {
  readonly tokenFile?: string
  readonly json?: true
}

const MARKS = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' } as const

/** Returns whether no check failed. */
export async function runDoctor(
  target: string,
  { tokenFile, json }: DoctorFlags,
): Promise<boolean> {
  const output = createOutput({ quiet: false })
  const outcomes: Outcome[] = []
  const tell = (outcome: Outcome) => {
    outcomes.push(outcome)
    if (!json) output.lines([lineOf(outcome)])
    return outcome
  }
  if (/^https?:\/\//.test(target)) {
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile)
    await checkService(createService(target, token), tell)
  } else await checkDirectory(target, tell)
  const failed = outcomes.filter(({ state }) => state === 'failed').length
  if (json)
    output.result(
      `${printableJson(JSON.stringify({ target, passed: failed === 0, checks: outcomes }))}\n`,
    )
  else output.lines([summarise(outcomes, failed)])
  return failed === 0
}

async function checkDirectory(
  directory: string,
  tell: (outcome: Outcome) => Outcome,
): Promise<void> {
  if (tell(await runCheck('directory', () => verify(directory))).state !== 'ok') return
  let own: OwnServer | undefined
  try {
    const started = await runCheck('start', async () => {
      own = await startOwnServer(directory)
      return `the first 200 of /ping after ${duration(own.startMs)} (SageMaker waits 8 min)`
    })
    tell(started)
    if (!own) return
    const { service, stop } = own as OwnServer
    await checkService(service, tell)
    tell(
      await runCheck('stop', async () => `exit status 0 ${duration(await stop())} after SIGTERM`),
    )
  } finally {
    own?.kill()
  }
}

/** What does not answer a ping is asked nothing else. */
async function checkService(service: Service, tell: (outcome: Outcome) => Outcome): Promise<void> {
  for (const [name, check] of serviceChecks(service))
    if (tell(await runCheck(name, check)).state === 'failed' && name === PING) return
}

/** A directory is read as `serve` reads it, self-test included. */
async function verify(directory: string): Promise<string> {
  const { readModelDirectory } = await import('../../model-directory/read.ts')
  const about = await stat(directory).catch(() => undefined)
  if (!about) throw new CheckFailure(`${quotePath(directory)} is not there`)
  try {
    const { artifact, files, extraFiles } = await readModelDirectory(directory)
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
    const others = extraFiles.length > 0 ? `; not read: ${extraFiles.slice(0, 5).join(', ')}` : ''
    return `${artifact.estimator}: sizes, checksums, structure, self-test; ${counted(files.size, 'file')}, ${sizeOf(bytes)}${others}`
  } catch (error) {
    if (error instanceof ArtifactError || error instanceof InputError)
      throw new CheckFailure(error.message)
    throw error
  }
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError('invalid_file', `${quotePath(path)} cannot be read: ${error.code}`)
  })
  const token = text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '')
  if (token === undefined) throw new InputError('invalid_file', `${quotePath(path)} has no token`)
  return token
}

function lineOf({ name, state, text }: Outcome): string {
  return `${MARKS[state]}  ${name.padEnd(15)}  ${text}`
}

function summarise(outcomes: readonly Outcome[], failed: number): string {
  const passed = outcomes.filter(({ state }) => state === 'ok').length
  const count = `${counted(passed, 'check')} passed`
  return failed === 0 ? count : `${count}, ${failed} failed`
}
