/** Between /opt/ml, where a container has its files, and a directory of this machine. */

export interface PathMap {
  readonly base: string
  /** Returns a text with the container's paths replaced by this machine's. */
  readonly toLocal: (text: string) => string
  /** Returns bytes with this machine's paths replaced by the container's. */
  readonly toContainer: (bytes: Buffer) => Buffer
}

const ROOT = '/opt/ml'

/** Returns the map of a base directory. */
export function createPathMap(base: string): PathMap {
  const pairs = [
    [ROOT, base],
    [encodeURIComponent(ROOT), encodeURIComponent(base)],
  ] as const
  return {
    base,
    toLocal: (text) =>
      pairs.reduce(
        (result, [from, to]) => result.replaceAll(new RegExp(`${from}(?![\\w-])`, 'g'), () => to),
        text,
      ),
    toContainer: (bytes) =>
      pairs.reduce<Buffer>(
        (result, [to, from]) =>
          result.includes(from)
            ? Buffer.from(result.toString('latin1').replaceAll(from, to), 'latin1')
            : result,
        bytes,
      ),
  }
}

/** Returns where a path of the container is on this machine; throws for one outside /opt/ml. */
export function localPath(paths: PathMap, path: string): string {
  if (!path.startsWith(`${ROOT}/`)) throw new Error(`${path} is not below ${ROOT}`)
  return paths.toLocal(path)
}

/** Returns a pattern of paths as a regular expression; `*` stays within a directory, `**` does not. */
export function parseGlob(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part.startsWith('**')) return '.*'
    return part === '*' ? '[^/]*' : part === '?' ? '[^/]' : `\\${part}`
  })
  return new RegExp(`^${source}$`)
}
