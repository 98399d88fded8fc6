/** Names, addresses and tags that AWS takes, checked before anything is sent. */
import { basename } from 'node:path'
import { flagWith, InputError, quote } from '../../../errors.ts'
import type { Tag } from './aws.ts'

/** What every resource is called that the launcher made. */
export const MADE_BY: Tag = { Key: 'created-by', Value: 'shapserve' }
/** The endpoint that a model or an endpoint configuration was made for. */
export const ENDPOINT_TAG = 'shapserve:endpoint'

/** Folder of the bucket in which everything of the launcher lies. */
const PREFIX = 'shapserve'

/** A place in S3. */
export interface S3Place {
  readonly bucket: string
  /** Without a slash at either end; may be empty. */
  readonly key: string
}

/**
 * Returns the place that `s3://BUCKET/KEY` names.
 * @throws InputError `invalid_option`
 */
export function readS3(flag: string, uri: string): S3Place {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri)
  if (!found)
    throw new InputError('invalid_option', `${flag} is ${quote(uri)}, expected s3://BUCKET/PREFIX`)
  return { bucket: found[1]!, key: (found[2] ?? '').replace(/^\/+|\/+$/g, '') }
}

/** Whether something is in S3, not on this machine. */
export function isS3(path: string): boolean {
  return path.startsWith('s3://')
}

/** Returns a place's `s3://` address, with more behind it. */
export function s3Uri({ bucket, key }: S3Place, ...more: readonly string[]): string {
  return `s3://${[bucket, key, ...more].filter((part) => part !== '').join('/')}`
}

/**
 * Returns the beginning that the keys of an input have. A folder keeps its slash: `tables` would be that of `tables-old/`, too.
 * @throws InputError `invalid_option`
 */
export function readPrefix(flag: string, uri: string): string {
  return `${s3Uri(readS3(flag, uri))}${uri.endsWith('/') ? '/' : ''}`
}

/** Returns a place below another one. */
export function below({ bucket, key }: S3Place, ...more: readonly string[]): S3Place {
  return { bucket, key: [key, ...more].filter((part) => part !== '').join('/') }
}

/** Returns where the launcher puts things that nobody named a place for; the SDKs of AWS use the same bucket. */
export function defaultPlace(region: string, account: string): S3Place {
  return { bucket: `sagemaker-${region}-${account}`, key: PREFIX }
}

/** A role's address, and the account that it is in, which is the caller's own: no other account's role can be passed. */
export interface Role {
  readonly arn: string
  readonly account: string
}

/**
 * Returns the role that `--role` names.
 * @throws InputError `invalid_option`
 */
export function readRole(value: string): Role {
  const found = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/.exec(value)
  if (found) return { arn: value, account: found[1]! }
  const hint = /^[\w+=,.@-]{1,64}$/.test(value)
    ? `; aws iam get-role ${flagWith('--role-name', value)} --query Role.Arn prints it`
    : ''
  throw new InputError(
    'invalid_option',
    `--role is ${quote(value, 128)}, expected arn:aws:iam::ACCOUNT:role/NAME${hint}`,
  )
}

/**
 * Returns an image's address, which stands in a registry.
 * @throws InputError `invalid_option`
 */
export function readImage(value: string): string {
  if (/^[\w.-]+(?::\d+)?\/[\w./-]+(?:[:@][\w.:+-]+)?$/.test(value) && value.length <= 255)
    return value
  throw new InputError(
    'invalid_option',
    `--image is ${quote(value, 128)}, expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG; shapserve sagemaker push prints it`,
  )
}

/** Longest name of most resources; a tuning job's is shorter, because its jobs add to it. */
const MAX_NAME = 63
export const MAX_TUNING_NAME = 32

/**
 * Returns a name that AWS takes.
 * @throws InputError `invalid_option`
 */
export function readResourceName(flag: string, value: string, most = MAX_NAME): string {
  if (/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/.test(value) && value.length <= most) return value
  throw new InputError(
    'invalid_option',
    `${flag} is ${quote(value, 128)}, expected at most ${most} letters, digits and hyphens, none at the ends`,
  )
}

/** Returns a name made of a file's: `data/My file.csv` is `my-file`. */
export function slugOf(path: string): string {
  const plain = basename(path).replace(/\.(tar\.gz|[a-z0-9]+(\.gz|\.zip)?)$/i, '')
  const slug = plain.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return slug
    .replace(/^-+|-+$/g, '')
    .slice(0, 24)
    .replace(/-+$/, '')
}

/** Returns a job's name, of which there is one a second. */
export function jobNameAt(time: Date, what: string, most = MAX_NAME): string {
  const stamp = time.toISOString().slice(0, 19).replace(/\D/g, '')
  const start = ['shapserve', what].filter(Boolean).join('-')
  return `${start.slice(0, most - stamp.length - 1).replace(/-+$/, '')}-${stamp}`
}

/**
 * Returns the tags of `--tag key=value`, behind those that say whose it is.
 * @throws InputError `invalid_option`
 */
export function readTags(given: readonly string[] = [], more: readonly Tag[] = []): Tag[] {
  const tags = given.map((text): Tag => {
    const at = text.indexOf('=')
    const [Key, Value] = [text.slice(0, at), text.slice(at + 1)]
    const isValid = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(Key) && Value.length <= 256
    if (at > 0 && isValid && !/^aws:/i.test(Key)) return { Key, Value }
    throw new InputError('invalid_option', `--tag takes key=value, not ${quote(text)}`)
  })
  const all = [MADE_BY, ...more, ...tags]
  const twice = all.find(({ Key }, at) => all.findIndex((other) => other.Key === Key) < at)
  if (twice) throw new InputError('invalid_option', `the tag ${quote(twice.Key)} is given twice`)
  return all
}
