/** `shapserve sign`: signs a model directory, and makes the keys for it. */
import type { Command } from 'commander'
import { InputError, quotePath } from '../errors.ts'
import { UsageError } from './exit-status.ts'
import { publicKeyOption } from './shared-flags.ts'

interface SignFlags {
  readonly key?: string
  readonly newKey?: string
}

export function declareSign(program: Command): void {
  program
    .command('sign')
    .description(`sign a model directory; ${publicKeyOption().long} then takes no other model`)
    .argument('[dir]', 'the directory')
    .option('--key <file>', 'private Ed25519 key in PEM to sign by')
    .option('--new-key <file>', 'write a new private key, and its public key as FILE.pub')
    .action((directory: string | undefined, flags: SignFlags) => signOrMakeKey(directory, flags))
}

async function signOrMakeKey(directory: string | undefined, flags: SignFlags): Promise<void> {
  const { key, newKey } = flags
  if (newKey !== undefined && directory === undefined && key === undefined)
    return await writeNewKey(newKey)
  if (directory !== undefined && key !== undefined && newKey === undefined)
    return await signDirectory(directory, key)
  throw new UsageError('sign takes a directory and --key FILE, or --new-key FILE alone')
}

/** Signs what was wholly verified; throws ArtifactError for a model that is refused. */
async function signDirectory(directory: string, keyFile: string): Promise<void> {
  const { readModelDirectory } = await import('../model-directory/read.ts')
  const { readPrivateKey } = await import('../model-directory/keys.ts')
  const { SIGNATURE_FILE, signManifest } = await import('../model-directory/signature.ts')
  const { MANIFEST_FILE } = await import('../artifact/artifact.ts')
  const { createOutput } = await import('./terminal.ts')
  const privateKey = await readPrivateKey(keyFile)
  const { artifact, files } = await readModelDirectory(directory)
  await signManifest(directory, files.get(MANIFEST_FILE) as Uint8Array, privateKey)
  createOutput({ quiet: false }).note(`signed    model ${artifact.modelId}   ${SIGNATURE_FILE}`)
}

/** A file that is there is never replaced: it may be the only copy of a key. */
async function writeNewKey(path: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  const { makeKeyPair } = await import('../model-directory/keys.ts')
  const { createOutput } = await import('./terminal.ts')
  const { privateKey, publicKey } = makeKeyPair()
  const write = (file: string, text: string, mode: number) =>
    writeFile(file, text, { flag: 'wx', mode }).catch((error) => {
      const { code } = error as NodeJS.ErrnoException
      throw new InputError('invalid_file', `${quotePath(file)} cannot be written: ${code ?? error}`)
    })
  await write(path, privateKey, 0o600)
  await write(`${path}.pub`, publicKey, 0o644)
  const { note } = createOutput({ quiet: false })
  note(`private   ${path}   keep it where models are signed, and nowhere else`)
  note(`public    ${path}.pub`)
}
