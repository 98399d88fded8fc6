/** The servers of a run: one per model and environment; a case that changes a server's state gets its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ConformanceCase } from './case.ts'
import { generateBody } from './generate.ts'
import type { Models } from './models.ts'
import { createPathMap, localPath, type PathMap } from './paths.ts'
import { type Env, type RunningServer, startServer } from './process.ts'

export interface CaseServer extends RunningServer {
  readonly paths: PathMap
}

export interface Servers {
  /** Returns a server for a case; its state is that of a fresh one. */
  readonly take: (testCase: ConformanceCase, options: { own: boolean }) => Promise<CaseServer>
  /** Starts a server on a base directory that is there already. */
  readonly start: (paths: PathMap, env: Env) => Promise<CaseServer>
  /** Returns a new base directory with a case's model and files. */
  readonly prepare: (testCase: ConformanceCase) => Promise<PathMap>
  /** Ends a server for good. */
  readonly retire: (server: CaseServer) => Promise<void>
  /** Ends all but the servers used last. */
  readonly trim: (keep: number) => Promise<void>
}

/** Returns the servers of a run, which live below a directory of the runner's own. */
export function createServers(cli: string, directory: string, models: Models): Servers {
  /** The one used last stands last. */
  const running = new Map<string, CaseServer>()
  let bases = 0

  const prepare = async ({ model, files }: ConformanceCase) => {
    const paths = createPathMap(join(directory, `base-${bases++}`))
    await models.layOut(model, paths.base)
    for (const [path, content] of Object.entries(files)) {
      const local = localPath(paths, path)
      await mkdir(dirname(local), { recursive: true })
      await writeFile(local, bytesOf(content, paths))
    }
    return paths
  }
  const start = async (paths: PathMap, env: Env) => {
    const server = await startServer(cli, containerEnv(paths, env))
    return { ...server, paths }
  }
  const retire = async (server: CaseServer) => {
    for (const [key, known] of running) if (known === server) running.delete(key)
    await server.stop()
  }
  return {
    prepare,
    start,
    retire,
    async take(testCase, { own }) {
      const { model, env, files } = testCase
      if (own) return start(await prepare(testCase), env)
      const key = JSON.stringify([model, Object.entries(env).sort(), files])
      const known = running.get(key)
      running.delete(key)
      if (known && (await known.ended(0)) === undefined) {
        running.set(key, known)
        return known
      }
      const server = await start(await prepare(testCase), env)
      running.set(key, server)
      return server
    },
    async trim(keep) {
      for (const server of [...running.values()].slice(0, Math.max(0, running.size - keep)))
        await retire(server)
    },
  }
}

/** Returns the environment of a container whose /opt/ml is the base directory. */
export function containerEnv(paths: PathMap, env: Env): Env {
  const mapped = Object.entries(env).map(([name, value]) => [name, paths.toLocal(value)])
  return {
    SAGEMAKER_BASE_DIR: paths.base,
    SM_MODEL_DIR: join(paths.base, 'model'),
    ...Object.fromEntries(mapped),
  }
}

function bytesOf(content: unknown, paths: PathMap): Buffer {
  if (typeof content !== 'string') return Buffer.from(paths.toLocal(JSON.stringify(content)))
  return generateBody(content) ?? Buffer.from(paths.toLocal(content))
}
