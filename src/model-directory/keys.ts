/** Ed25519 keys in PEM, to sign models by and to know them by. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { InputError, quotePath } from '../errors.ts'

const MOST_KEY_BYTES = 64 << 10

/**
 * Returns the public key that models must be signed for.
 * @param source PEM text, or the path of a file with it
 * @throws InputError `invalid_parameter` for what is no public Ed25519 key
 */
export async function readPublicKey(source: string): Promise<KeyObject> {
  const isText = source.includes('-----BEGIN')
  // A variable often has its line breaks written out.
  const text = isText ? source.replaceAll('\\n', '\n') : await readKeyFile('public', source)
  const what = isText ? 'the public key given' : quotePath(source)
  // Node would take the public half of it, and nobody would notice that the secret is in the wrong place.
  if (/PRIVATE KEY-----/.test(text))
    throw new InputError('invalid_parameter', `${what} is a private key; give its public key`)
  return checkKey(what, 'public', () => createPublicKey(text))
}

/**
 * Returns the private key to sign by.
 * @throws InputError `invalid_parameter` for what is no private Ed25519 key in PEM without a passphrase
 */
export async function readPrivateKey(path: string): Promise<KeyObject> {
  const text = await readKeyFile('private', path)
  return checkKey(quotePath(path), 'private', () => createPrivateKey(text))
}

/** Returns a new pair of keys in PEM. */
export function makeKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

async function readKeyFile(kind: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new InputError(
      'invalid_parameter',
      `the ${kind} key ${quotePath(path)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`,
    )
  })
  return text.slice(0, MOST_KEY_BYTES)
}

/** What is wrong is said without a word of the key. */
function checkKey(what: string, kind: string, parse: () => KeyObject): KeyObject {
  let found = 'something else'
  try {
    const key = parse()
    if (key.asymmetricKeyType === 'ed25519') return key
    found = `a key of type ${key.asymmetricKeyType}`
  } catch {
    // OpenSSL's own words help nobody.
  }
  throw new InputError(
    'invalid_parameter',
    `${what} holds ${found}, not ${kind === 'private' ? 'a private Ed25519 key without a passphrase' : 'a public Ed25519 key'} in PEM`,
  )
}
