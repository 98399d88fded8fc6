/** Text of a model directory as JSON, within limits; a stranger may have written it. */
import { scanJson } from '../data/json-scan.ts'
import { ArtifactError } from '../errors.ts'
import { MANIFEST_FILE, unshared } from './artifact.ts'

/** Returns the refusal of content that is no valid model. */
export function invalid(message: string): ArtifactError {
  return new ArtifactError('invalid', message)
}

/**
 * Returns the JSON in a file's bytes.
 * @throws ArtifactError `invalid`
 */
export function parseJson(bytes: Uint8Array, name: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(unshared(bytes))
  } catch {
    throw invalid(`${name} is not UTF-8`)
  }
  const limit = scanJson(text)
  if (limit === 'depth') throw invalid(`${name} is nested too deep`)
  if (limit === 'keys' && name === MANIFEST_FILE) throw invalid(`${name} has too many keys`)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw invalid(`${name} is not JSON`)
  }
}
