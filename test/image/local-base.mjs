/**
 * A base for the image where none can be pulled: Debian bookworm by mmdebstrap or debootstrap, with the Node and npm
 * that run this. Needs root, buildah and Debian's archive.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { succeed } from './commands.mjs'

const MIRROR = 'http://deb.debian.org/debian'

/** Returns the name of the base in buildah's store, which is made once for each version of Node. */
export function makeLocalBase() {
  const name = `localhost/shapserve-base:node-${process.versions.node}-${process.arch}`
  if (spawnSync('buildah', ['inspect', '--type', 'image', name]).status === 0) return name
  console.log(`making ${name}`)
  const directory = mkdtempSync(join(tmpdir(), 'shapserve-base-'))
  try {
    const files = join(directory, 'root')
    makeDebian(files)
    addNode(files)
    const settings = addCertificates(files)
    const container = succeed('buildah', ['from', 'scratch']).trim()
    succeed('buildah', ['copy', '--quiet', container, files, '/'])
    succeed('buildah', ['config', '--cmd', 'node', ...settings, container])
    succeed('buildah', ['commit', '--quiet', '--rm', container, name])
    return name
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function makeDebian(files) {
  const [tool, ...flags] = existsSync('/usr/bin/mmdebstrap')
    ? ['mmdebstrap', '--quiet', '--mode=root', '--dpkgopt=path-exclude=/usr/share/doc/*']
    : ['debootstrap']
  succeed(tool, [...flags, '--variant=minbase', 'bookworm', files, MIRROR])
  rmSync(join(files, 'var/cache/apt'), { recursive: true, force: true })
  rmSync(join(files, 'var/lib/apt/lists'), { recursive: true, force: true })
}

/** Copies what runs this program, to where the base of Node has it. */
function addNode(files) {
  const npm = dirname(dirname(realpathSync(process.env.npm_execpath ?? '/usr/bin/npm')))
  const modules = join(files, 'usr/local/lib/node_modules')
  mkdirSync(modules, { recursive: true })
  succeed('cp', ['-L', process.execPath, join(files, 'usr/local/bin/node')])
  succeed('cp', ['-R', npm, join(modules, 'npm')])
  for (const command of ['npm', 'npx'])
    succeed('ln', [
      '-sf',
      `../lib/node_modules/npm/bin/${command}-cli.js`,
      join(files, 'usr/local/bin', command),
    ])
}

/** Where this machine trusts certificates of its own, a build on it must, too; returns flags of `buildah config`. */
function addCertificates(files) {
  const own = process.env.NODE_EXTRA_CA_CERTS
  const place = join(files, 'etc/ssl')
  mkdirSync(place, { recursive: true })
  if (!own) return []
  succeed('cp', ['-L', own, join(place, 'extra.pem')])
  return ['--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/extra.pem']
}
