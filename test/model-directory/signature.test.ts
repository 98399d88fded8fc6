/** Signed models: what is not signed for the key that is asked for is refused, wherever it would be used. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { createInlineLoader, createThreadLoader } from '../../src/answering/loader.ts'
import { makeKeyPair, readPrivateKey, readPublicKey } from '../../src/model-directory/keys.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { SIGNATURE_FILE, signManifest } from '../../src/model-directory/signature.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { cli, root, run } from '../command.ts'
import { shapserveHere } from '../command-here.ts'
import { buildMultiModelApp, checkProblem, checkpoint, loadCheckpoint, post } from '../helper.ts'

const pem = makeKeyPair()
const privateKey = createPrivateKey(pem.privateKey)
const publicKey = createPublicKey(pem.publicKey)
const stranger = createPublicKey(makeKeyPair().publicKey)

/** Returns a signed copy of the model that ships. */
async function signedModel(t: Test): Promise<string> {
  const directory = join(t.testdir(), 'models/m')
  await cp(checkpoint, directory, { recursive: true })
  await signManifest(directory, await readFile(join(directory, 'manifest.json')), privateKey)
  return directory
}

const read = (directory: string, key: KeyObject) => readModelDirectory(directory, undefined, key)

function refuses(t: Test, directory: string, message: RegExp, key = publicKey) {
  return t.rejects(read(directory, key), { name: 'ArtifactError', code: 'signature', message })
}

t.test('signed it is read, and without a key it is not looked at', async (t) => {
  const directory = await signedModel(t)
  const { artifact, extraFiles } = await read(directory, publicKey)
  t.equal(artifact.modelId, (await loadCheckpoint()).artifact.modelId)
  t.strictSame(extraFiles, [], 'the signature is a file of the model')
  const path = join(directory, SIGNATURE_FILE)
  t.equal((await stat(path)).mode & 0o777, 0o644)
  await writeFile(path, 'nonsense')
  await readModelDirectory(directory)
})

t.test('whatever is no signature of this manifest by this key', async (t) => {
  const directory = await signedModel(t)
  const path = join(directory, SIGNATURE_FILE)
  const good = await readFile(path)
  await refuses(t, directory, /by another key, or the model was changed/, stranger)
  const flips = Array.from({ length: 8 * good.length }, (_, bit) => {
    const bytes = Buffer.from(good)
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
    return bytes
  })
  let refused = 0
  for (const bytes of flips) {
    await writeFile(path, bytes)
    await read(directory, publicKey).catch(() => refused++)
  }
  t.equal(refused, flips.length, 'every flipped bit')
  for (const size of [0, 1, 63, 65, 1 << 20]) {
    await writeFile(path, Buffer.concat([good, Buffer.alloc(size)]).subarray(0, size))
    await refuses(t, directory, new RegExp(`${SIGNATURE_FILE} has ${size} bytes`))
  }
  await rm(path)
  await refuses(t, directory, /there is no manifest\.sig$/)
  await writeFile(`${directory}-elsewhere`, good)
  await symlink(`../${basename(directory)}-elsewhere`, path)
  await refuses(t, directory, /is a symbolic link out of the directory, to /)
  await rm(path)
  await mkdir(path)
  await refuses(t, directory, /is not a regular file/)
})

t.test('another model under the old signature', async (t) => {
  const directory = await signedModel(t)
  const plan = ['--plan', join(root, 'data/titanic.plan.json'), '--estimator', 'decision_tree']
  const other = join(directory, '../../other')
  const made = await shapserveHere([
    'train',
    join(root, 'data/titanic.csv'),
    '--model-dir',
    other,
    ...plan,
  ])
  t.equal(made.status, 0, made.stderr)
  for (const name of await readdir(other)) await cp(join(other, name), join(directory, name))
  await readModelDirectory(directory)
  await refuses(t, directory, /or the model was changed/)
})

t.test('training over it takes the signature away', async (t) => {
  const directory = await signedModel(t)
  const { artifact } = await loadCheckpoint()
  const writer = await openModelWriter(directory)
  await writer.commit({ ...artifact, modelId: '0'.repeat(32) }, {})
  await writer.release()
  t.notOk((await readdir(directory)).some((name) => name.includes('.sig')))
  await refuses(t, directory, /there is no manifest\.sig$/)
})

t.test('a signing that was killed leaves nothing behind', async (t) => {
  const directory = await signedModel(t)
  const path = join(directory, SIGNATURE_FILE)
  await rename(path, `${path}.next`)
  await refuses(t, directory, /there is no/)
  const writer = await openModelWriter(directory)
  await writer.commit((await loadCheckpoint()).artifact, {})
  await writer.release()
  t.notOk((await readdir(directory)).some((name) => name.includes('.sig')))
})

t.test('keys that are none', async (t) => {
  const directory = t.testdir()
  const write = async (name: string, text: string) => {
    await writeFile(join(directory, name), text)
    return join(directory, name)
  }
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const locked = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  }) as string
  const isBad = (message: RegExp) => ({ code: 'invalid_parameter', message })
  const publicKeys: [source: string, message: RegExp][] = [
    [await write('absent', '').then((path) => `${path}-not`), /cannot be read: ENOENT/],
    [directory, /cannot be read: EISDIR/],
    [await write('empty', ''), /holds something else/],
    [await write('text', 'no key'), /holds something else/],
    [await write('rsa', rsa.publicKey), /holds a key of type rsa/],
    [pem.publicKey.slice(0, 60), /the public key given holds something else/],
    [pem.privateKey, /is a private key; give its public key/],
    [await write('private', pem.privateKey), /"[^"]*private" is a private key/],
  ]
  for (const [source, message] of publicKeys) await t.rejects(readPublicKey(source), isBad(message))
  const privateKeys: [path: string, message: RegExp][] = [
    [await write('locked', locked), /without a passphrase/],
    [await write('public', pem.publicKey), /holds something else, not a private/],
    [await write('rsa.key', rsa.privateKey), /holds a key of type rsa/],
  ]
  for (const [path, message] of privateKeys) {
    const error = (await readPrivateKey(path).catch((thrown) => thrown)) as Error
    t.match(error, isBad(message))
    t.notMatch(error.message, /BEGIN|MC4|MII/, 'nothing of the key')
  }
  const oneLine = pem.publicKey.trim().replaceAll('\n', '\\n')
  t.ok(
    (await readPublicKey(oneLine)).equals(publicKey),
    'line breaks written out, as in a variable',
  )
})

t.test('a multi-model endpoint loads signed models only', async (t) => {
  const directory = await signedModel(t)
  for (const create of [createInlineLoader, createThreadLoader]) {
    for (const [key, status] of [
      [publicKey, 200],
      [stranger, 400],
    ] as const) {
      const loader = create(key)
      t.teardown(() => loader.close())
      const app = buildMultiModelApp(t, { root: join(directory, '..'), loader })
      const body = JSON.stringify({ model_name: 'm', url: directory })
      const answer = await post(app, '/models', 'application/json', body)
      if (status === 200) t.equal(answer.statusCode, 200, answer.body)
      else checkProblem(t, answer, 400, 'invalid_option', /is not signed for the public key/)
      t.equal(JSON.parse((await app.inject('/models')).body).models.length, status === 200 ? 1 : 0)
    }
  }
})

t.test('the commands', async (t) => {
  const base = t.testdir()
  const directory = join(base, 'model')
  await cp(checkpoint, directory, { recursive: true })
  const [key, other] = [join(base, 'key'), join(base, 'other')]
  const made = await shapserveHere(['sign', '--new-key', key])
  t.equal(made.status, 0, made.stderr)
  t.equal((await stat(key)).mode & 0o777, 0o600)
  t.notMatch(made.stdout + made.stderr, /PRIVATE KEY/)
  const before = await readFile(key)
  const again = await shapserveHere(['sign', '--new-key', key])
  t.match(again, { status: 1, stderr: /^shapserve: .*key" cannot be written: EEXIST\n$/ })
  t.strictSame(await readFile(key), before, 'a key is never replaced')
  await shapserveHere(['sign', '--new-key', other])

  const csv = join(base, 'rows.csv')
  await writeFile(csv, 'Pclass,Name,Sex,Age,SibSp,Parch\n1,"Cumings, Mrs. John",female,38,1,0\n')
  const model = ['--model-dir', directory]
  const asking: Readonly<Record<string, string[]>> = {
    inspect: ['inspect', directory],
    predict: ['predict', csv, ...model],
    explain: ['explain', csv, ...model],
    serve: ['serve', ...model, '--port', '0'],
    'serve --workers 2': ['serve', ...model, '--port', '0', '--workers', '2'],
  }
  const checkRefused = async (why: RegExp, flags: string[], env?: Record<string, string>) => {
    for (const [name, args] of Object.entries(asking)) {
      const { status, stdout, stderr } = await shapserveHere([...args, ...flags], { env })
      t.equal(status, 1, name)
      t.equal(stdout, '', 'nothing is answered')
      t.match(stderr, /^shapserve: the model directory ".*model" is not signed for .*\n$/, name)
      t.match(stderr, why)
    }
  }
  await checkRefused(/there is no manifest\.sig/, ['--public-key', `${key}.pub`])
  const signed = await shapserveHere(['sign', directory, '--key', key])
  t.match(signed, { status: 0, stderr: /^signed {4}model [0-9a-f]{32} {3}manifest\.sig\n$/ })
  await checkRefused(/by another key/, [], { MODEL_PUBLIC_KEY: `${other}.pub` })
  const text = await readFile(`${key}.pub`, 'utf8')
  const good = await shapserveHere(['inspect', directory], { env: { MODEL_PUBLIC_KEY: text } })
  t.match(good, { status: 0, stdout: /structure, self-test, signature\n$/ })
  const usual = await shapserveHere(['predict', csv, ...model])
  t.match(await shapserveHere(['predict', csv, ...model, '--public-key', `${key}.pub`]), usual)

  for (const args of [[], [directory], ['--key', key], [directory, '--new-key', `${key}2`]])
    t.equal((await shapserveHere(['sign', ...args])).status, 2, args.join(' '))
  await writeFile(join(directory, 'model.safetensors'), 'x')
  t.match(await shapserveHere(['sign', directory, '--key', key]), {
    status: 1,
    stderr: /safetensors has 1/,
  })
})

t.test('OpenSSL agrees', async (t) => {
  if (!hasOpenSsl()) return t.comment('there is no openssl')
  const base = t.testdir()
  const at = (name: string) => join(base, name)
  await cp(checkpoint, at('m'), { recursive: true })
  const openssl = (...args: string[]) => run('openssl', args, { cwd: base })
  await openssl('genpkey', '-algorithm', 'ed25519', '-out', 'private.pem')
  await openssl('pkey', '-in', 'private.pem', '-pubout', '-out', 'public.pem')
  t.equal(
    (await run(process.execPath, [cli, 'sign', 'm', '--key', 'private.pem'], { cwd: base })).status,
    0,
  )
  await read(at('m'), await readPublicKey(at('public.pem')))
  const verify = ['-verify', '-pubin', '-inkey', 'public.pem', '-rawin', '-in', 'm/manifest.json']
  const checked = await openssl('pkeyutl', ...verify, '-sigfile', `m/${SIGNATURE_FILE}`)
  t.match(checked, { status: 0, stdout: /Signature Verified Successfully/ })
})

function hasOpenSsl(): boolean {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
}
