/** `shapserve serve`: the server with its signals. */
import { type Command, Option } from 'commander'
import { type Config, loadConfig, settings, strayVariables } from '../config.ts'
import { writeStandardError } from './output/standard-streams.ts'
import { sageMakerPaths } from './sagemaker/directories.ts'
import { printableJson } from './terminal.ts'

export function declareServe(program: Command): void {
  const command = program.command('serve').description('serve a model over HTTP')
  for (const setting of settings) {
    const text = `${setting.description} (${setting.env.join(', ')}; default ${setting.default})`
    command.addOption(new Option(`${setting.flag} <value>`, text))
  }
  command.action((flags: Record<string, string>) =>
    serveUntilStopped(
      loadConfig(process.env, flagsByKey(flags)),
      sageMakerPaths(process.env).models,
      strayVariables(process.env),
    ),
  )
}

/** Commander names flags in camel case; settings know theirs by key. */
function flagsByKey(
  flags: Readonly<Record<string, string>>,
): Partial<Record<keyof Config, string>> {
  return Object.fromEntries(
    settings.flatMap(({ key, flag }) => {
      const value = flags[new Option(`${flag} <value>`).attributeName()]
      return value === undefined ? [] : [[key, value]]
    }),
  )
}

/** Serves until SIGTERM, SIGINT or SIGHUP, then lets running requests finish; returns when everything is closed. */
async function serveUntilStopped(
  config: Config,
  modelsRoot: string,
  warnings: readonly string[],
): Promise<void> {
  let stop: (reason: string) => void = () => {}
  const stopped = new Promise<string>((resolve) => {
    stop = resolve
  })
  // Before anything slow: a process that runs as PID 1 without a handler ignores SIGTERM.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => stop(signal))
  const { startServer } = await import('../http/server.ts')
  const starting = startServer(config, modelsRoot, warnings)
  const first = await Promise.race([starting, stopped])
  if (typeof first === 'string') return
  if (first.example) printUsage(first.url, first.example, config)
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      first.app.log.fatal({ err: error }, event)
      process.exitCode = 1
      stop(event)
    })
  }
  await first.drain(await stopped)
}

/** Shows a person on this machine what to try; in a container nobody reads it. */
function printUsage(
  url: string,
  example: Readonly<Record<string, unknown>>,
  { host }: Config,
): void {
  if (host !== '127.0.0.1' && host !== 'localhost' && host !== '::1') return
  const row = printableJson(JSON.stringify(example)).replaceAll("'", "'\\''")
  const json = "-H 'content-type: application/json'"
  writeStandardError(
    [
      '',
      `shapserve is ready: ${url}   docs ${url}/docs   Ctrl-C stops it`,
      '',
      `curl -s ${url}/invocations ${json} -d '${row}'`,
      `curl -s '${url}/explain?top=3' ${json} -d '${row}'`,
      '',
      '',
    ].join('\n'),
  )
}
