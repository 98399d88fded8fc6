/** `shapserve serve`: the server with its signals. */
import type { Config } from '../config.ts'
import { startServer } from '../http/server.ts'

/** Serves until SIGTERM or SIGINT, then lets running requests finish; returns when everything is closed. */
export async function runServe(config: Config, modelsRoot: string): Promise<void> {
  let stop: (reason: string) => void = () => {}
  const stopped = new Promise<string>((resolve) => {
    stop = resolve
  })
  // Before anything slow: a process that runs as PID 1 without a handler ignores SIGTERM.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))
  const starting = startServer(config, modelsRoot)
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
  const row = JSON.stringify(example).replaceAll("'", "'\\''")
  const json = "-H 'content-type: application/json'"
  process.stderr.write(
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
