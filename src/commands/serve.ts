/** `shapserve serve`: the server with its signals. */
import { type Command, Option } from 'commander'
import { type Config, loadConfig, settings, strayVariables } from '../config.ts'
import type { ServerOptions } from '../http/server.ts'
import { countProcesses } from '../processes/count.ts'
import { addConfigFlag } from './config/config-flag.ts'
import { writeStandardError } from './output/standard-streams.ts'
import { sageMakerPaths } from './sagemaker/directories.ts'
import { printableJson } from './terminal.ts'

export function declareServe(program: Command): void {
  const command = program.command('serve').description('serve a model over HTTP')
  for (const setting of settings) {
    const facts = [
      setting.env.join(', '),
      ...(setting.default === '' ? [] : [`default ${setting.default}`]),
    ]
    const value = setting.isSwitch ? '[value]' : '<value>'
    command.option(`${setting.flag} ${value}`, `${setting.description} (${facts.join('; ')})`)
    if (setting.negated) command.option(setting.negated, `${setting.flag} false`)
  }
  addConfigFlag(command)
  command.action((flags: Flags, own: Command) => {
    const ofFile = (name: string) => own.getOptionValueSource(name) === 'config'
    return serveUntilStopped({
      config: loadConfig(
        process.env,
        flagsByKey(flags, (name) => !ofFile(name)),
        flagsByKey(flags, ofFile),
      ),
      modelsRoot: sageMakerPaths(process.env).models,
      warnings: strayVariables(process.env),
    })
  })
}

type Flags = Readonly<Record<string, string | boolean>>

/**
 * Returns the wanted flags that Commander read by the settings' keys: it names flags in camel case, and one without a value is
 * true or, negated, false.
 */
export function flagsByKey(
  flags: Flags,
  isWanted: (name: string) => boolean = () => true,
): Partial<Record<keyof Config, string>> {
  return Object.fromEntries(
    settings.flatMap(({ key, flag }) => {
      const name = new Option(`${flag} <value>`).attributeName()
      const value = flags[name]
      return value === undefined || !isWanted(name) ? [] : [[key, String(value)]]
    }),
  )
}

/** Time that a process with a defect gets for the requests that it is answering. */
const DEFECT_DRAIN_MS = 8000
/** A process with a defect ends so long after its drain's limit at the latest. */
const OVERTIME_MS = 1500

/** What runs until it is drained: one process, or the supervisor of several. */
interface Served {
  readonly url: string
  readonly example: Readonly<Record<string, unknown>> | undefined
  readonly log: { fatal(facts: object, text: string): void }
  /** Throws when the service cannot go on. */
  readonly failed?: Promise<never>
  drain(reason: string, limitMs?: number): Promise<void>
}

/** Serves until SIGTERM, SIGINT or SIGHUP, then lets running requests finish; returns when everything is closed. */
async function serveUntilStopped(options: ServerOptions): Promise<void> {
  let stop: (reason: string) => void = () => {}
  const stopped = new Promise<string>((resolve) => {
    stop = resolve
  })
  // Before anything slow: a process that runs as PID 1 without a handler ignores SIGTERM.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => stop(signal))
  const served = await Promise.race([startServed(options), stopped])
  if (typeof served === 'string') return
  if (served.example) printUsage(served.url, served.example, options.config)
  let limitMs: number | undefined
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      served.log.fatal({ err: error }, event)
      process.exitCode = 1
      limitMs = DEFECT_DRAIN_MS
      // The drain itself may be what has the defect.
      setTimeout(() => process.exit(1), DEFECT_DRAIN_MS + OVERTIME_MS)
      stop(event)
    })
  }
  const reason = await Promise.race([stopped, ...(served.failed ? [served.failed] : [])])
  await served.drain(reason, limitMs)
}

async function startServed({ config, modelsRoot, warnings }: ServerOptions): Promise<Served> {
  const { processes, warning } = countProcesses(config)
  const options = { config, modelsRoot, warnings: warning ? [...warnings, warning] : warnings }
  if (processes === 1) {
    const { startServer } = await import('../http/server.ts')
    return await startServer(options)
  }
  const { startProcesses } = await import('../processes/supervisor.ts')
  const { createLogger } = await import('../http/logger.ts')
  const log = createLogger(config.logLevel, { pid: process.pid })
  return { ...(await startProcesses(options, processes, log)), log }
}

/** Shows a person on this machine what to try; in a container nobody reads it. */
function printUsage(
  url: string,
  example: Readonly<Record<string, unknown>>,
  { host, page }: Config,
): void {
  if (host !== '127.0.0.1' && host !== 'localhost' && host !== '::1') return
  const row = printableJson(JSON.stringify(example)).replaceAll("'", "'\\''")
  const json = "-H 'content-type: application/json'"
  writeStandardError(
    [
      '',
      `shapserve is ready: ${url}   ${page ? `page ${url}/   ` : ''}docs ${url}/docs   Ctrl-C stops it`,
      '',
      `curl -s ${url}/invocations ${json} -d '${row}'`,
      `curl -s '${url}/explain?top=3' ${json} -d '${row}'`,
      '',
      '',
    ].join('\n'),
  )
}
