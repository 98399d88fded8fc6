/**
 * `npm run image:test`: builds the image with docker, podman or buildah, and lives through train, serve, ping,
 * invocations, explain and SIGTERM in it as root and as uid 12345, with a read-only root and without capabilities.
 *
 * `--builder NAME` takes that one; `--base IMAGE` builds on that instead of what the Dockerfile names; `--local-base`
 * makes a base of Debian and of the Node that runs this, for machines that reach no registry of images (needs root and
 * buildah). Without a builder or a base a line says so, and nothing fails.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { builders } from './builders.mjs'
import { checks } from './checks.mjs'
import { makeLocalBase } from './local-base.mjs'

const { values: flags } = parseArgs({
  options: {
    builder: { type: 'string' },
    base: { type: 'string' },
    'local-base': { type: 'boolean' },
  },
})

function main() {
  // tap takes every file below test/ for a test.
  if (process.env.TAP === '1') return 0
  // A base that is made here is in buildah's store, which podman shares.
  const usual = flags['local-base'] ? ['buildah'] : Object.keys(builders)
  const name = flags.builder ?? usual.find((builder) => builders[builder].isThere())
  if (name === undefined) return notice('neither docker, podman nor buildah works here')
  const builder = builders[name]
  if (!builder) {
    console.error(`there is no builder ${name}; there are ${Object.keys(builders).join(', ')}`)
    return 2
  }
  const base = flags['local-base'] ? makeLocalBase() : (flags.base ?? baseOfDockerfile())
  if (!builder.pull(base))
    return notice(`${name} cannot get ${base}; --local-base makes a base on this machine`)
  return testImages(name, builder, base)
}

async function testImages(name, builder, base) {
  const images = {
    service: 'localhost/shapserve:test',
    sagemaker: 'localhost/shapserve-sagemaker:test',
  }
  console.log(`building with ${name} on ${base}`)
  for (const [target, image] of Object.entries(images))
    builder.build(image, [`--target=${target}`, `--build-arg=NODE_IMAGE=${base}`])
  let failed = 0
  try {
    for (const [title, check] of checks(builder, images)) {
      try {
        const fact = await check()
        console.log(`ok    ${title}${fact ? `: ${fact}` : ''}`)
      } catch (error) {
        failed++
        console.log(`FAIL  ${title}: ${error.stack}`)
      }
    }
  } finally {
    builder.clean()
  }
  console.log(failed === 0 ? 'all checks passed' : `${failed} checks failed`)
  return failed === 0 ? 0 : 1
}

function baseOfDockerfile() {
  const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
  return /^ARG NODE_IMAGE=(\S+)/m.exec(text)[1]
}

function notice(reason) {
  console.log(`notice: ${reason}; the image is not tested`)
  return 0
}

process.exitCode = await main()
