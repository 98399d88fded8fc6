/**
 * Programs that build and run images: docker, podman, or buildah, whose containers are run here by util-linux.
 * Each has `build`, `inspect` and `command`, which gives the program and arguments that run a container in the foreground
 * on the machine's network, with a read-only root and without capabilities; `signalled` says which process to signal.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run, succeed, works } from './commands.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const builders = {
  docker: likeDocker('docker'),
  podman: likeDocker('podman'),
  buildah: {
    isThere: () => works('buildah', ['--version']) && process.getuid() === 0,
    pull: (name) => run('buildah', ['pull', '--quiet', '--policy', 'missing', name]).status === 0,
    build: (name, flags) =>
      succeed('buildah', [
        'build',
        '--isolation=chroot',
        '--format=docker',
        '-t',
        name,
        ...flags,
        root,
      ]),
    inspect: (name) =>
      JSON.parse(succeed('buildah', ['inspect', '--type=image', name])).Docker.config,
    command: unshared,
    signalled: childOf,
    clean: () => {
      for (const container of mounted.values()) run('buildah', ['rm', container.name])
    },
  },
}

function likeDocker(program) {
  return {
    isThere: () => works(program, ['info']),
    pull: (name) =>
      works(program, ['image', 'inspect', name]) || works(program, ['pull', '--quiet', name]),
    build: (name, flags) =>
      succeed(program, [
        'build',
        ...(program === 'podman' ? ['--isolation=chroot', '--format=docker'] : []),
        '-t',
        name,
        ...flags,
        root,
      ]),
    inspect: (name) => {
      const [facts] = JSON.parse(succeed(program, ['image', 'inspect', name]))
      // podman has it beside the rest.
      return { Healthcheck: facts.Healthcheck, ...facts.Config }
    },
    command: (image, { user, mounts, env, args, entrypoint, workdir }) => [
      program,
      [
        'run',
        '--rm',
        '--no-healthcheck',
        '--network=host',
        '--read-only',
        ...(program === 'podman' ? ['--read-only-tmpfs=false'] : []),
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        ...(user === undefined ? [] : [`--user=${user}`]),
        ...mounts.map(
          ({ from, to, isReadOnly }) => `--volume=${from}:${to}${isReadOnly ? ':ro' : ''}`,
        ),
        ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
        ...(entrypoint ? [`--entrypoint=${entrypoint}`] : []),
        ...(workdir ? [`--workdir=${workdir}`] : []),
        image,
        ...args,
      ],
    ],
    /** The client hands signals on. */
    signalled: (pid) => pid,
    clean: () => {},
  }
}

/** Containers of buildah by their image: made once, mounted until the end. */
const mounted = new Map()

function mountOf(image) {
  if (!mounted.has(image)) {
    const name = succeed('buildah', ['from', '--pull-never', image]).trim()
    mounted.set(image, { name, path: succeed('buildah', ['mount', name]).trim() })
  }
  return mounted.get(image)
}

/** Namespaces of its own for processes and mounts, a read-only root, and what the image says about the rest. */
function unshared(image, { user, mounts, env, args, entrypoint, workdir }) {
  const config = builders.buildah.inspect(image)
  const { path } = mountOf(image)
  const [uid, gid = '0'] = (user ?? (config.User || '0:0')).split(':')
  const variables = [...(config.Env ?? []), ...Object.entries(env).map((pair) => pair.join('='))]
  const start = entrypoint ? [entrypoint] : config.Entrypoint
  const command = [...start, ...(args.length > 0 || entrypoint ? args : config.Cmd)]
  const script = `
    root=$1; shift
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    while [ "$1" != -- ]; do
      if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
      mount --bind "$1" "$root$2"
      [ "$3" = rw ] || mount -o remount,ro,bind "$root$2"
      shift 3
    done
    mount -o remount,ro,bind "$root"
    shift
    exec chroot "$root" setpriv --reuid ${uid} --regid ${gid} --clear-groups --bounding-set=-all --inh-caps=-all \\
      --no-new-privs -- env -i "--chdir=${workdir ?? (config.WorkingDir || '/')}" "$@"`
  return [
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', '--propagation=private', '--'],
      ...['sh', '-ec', script, 'sh', path],
      ...mounts.flatMap(({ from, to, isReadOnly }) => [from, to, isReadOnly ? 'ro' : 'rw']),
      '--',
      ...variables,
      ...command,
    ],
  ]
}

/** unshare waits for its child, to which signals are meant. */
function childOf(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}
