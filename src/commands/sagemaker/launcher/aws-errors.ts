/** What AWS refused, as one line that says what to do. */
import { flagWith, InputError, quote } from '../../../errors.ts'
import { CloudError } from './refusal.ts'

/** The request that failed. */
export interface FailedRequest {
  /** Such as `sagemaker:CreateTrainingJob`. */
  readonly operation: string
  readonly input: object
  readonly region?: string
  /** That of `--profile`. */
  readonly profile?: string
}

/** The SDK's errors, and Node's, as far as they are looked at. */
interface SdkError {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  /** Where a connection was to go. */
  readonly hostname?: string
  readonly address?: string
  readonly port?: number
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** What a container answered, and by which status. */
  readonly OriginalMessage?: string
  readonly OriginalStatusCode?: number
}

interface Failure extends FailedRequest {
  readonly message: string
  readonly error: SdkError
}

type Describe = (failure: Failure) => string

const noCredentials: Describe = ({ message, profile = process.env.AWS_PROFILE }) =>
  `there are no AWS credentials${profile ? ` in the profile ${quote(profile)}` : ''}${/sso|token/i.test(message) ? ` (${message})` : ''}; run aws configure or aws sso login, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile that has them`

const expired: Describe = () =>
  'the AWS credentials have expired; log in again (aws sso login), or take new ones'

const notAccepted: Describe = ({ region }) =>
  `AWS does not accept the credentials${region ? ` in ${region}` : ''}; check the key, its secret, the clock of this machine and --region, which may have to be enabled for the account`

const denied: Describe = ({ operation, message }) =>
  /iam:PassRole/.test(message)
    ? `AWS denies iam:PassRole: ${message}; whoever starts jobs needs that permission for --role`
    : `AWS denies ${operation}: ${sayOrNothing(message)}; the caller's policy needs that permission`

const quota: Describe = ({ message }) =>
  `the account's quota is used up: ${message}; choose another --instance, delete what is not needed, or ask for more under Service Quotas`

const throttled: Describe = ({ operation, error }) =>
  `AWS takes no more requests (${operation}, ${error.$metadata?.attempts ?? 1} attempts); try again in a minute`

const inUse: Describe = ({ message }) =>
  `${sayOrNothing(message)}; choose another name, or wait until what has it is done`

const elsewhere: Describe = ({ input, error }) => {
  const region = error.$response?.headers?.['x-amz-bucket-region']
  return `the bucket ${bucketOf(input)} is in ${region ? `the region ${region}` : 'another region'}; use one of the job's region, or ${region ? flagWith('--region', region) : 'the --region of the bucket'}`
}

const noBucket: Describe = ({ input }) =>
  `there is no bucket ${bucketOf(input)}; make it (aws s3 mb), or leave out --output`

const taken: Describe = ({ input }) =>
  `the bucket name ${bucketOf(input)} belongs to somebody else; name one of yours with --output s3://BUCKET/PREFIX`

const noAnswer: Describe = ({ operation, error }) =>
  `AWS did not answer ${operation} in time (${error.code ?? error.name}); check the network, proxies and --endpoint-url, then try again`

const unreachable: Describe = ({ operation, error }) =>
  `AWS cannot be reached for ${operation} (${[error.code ?? error.name, hostOf(error)].filter(Boolean).join(' ')}); check the network, --region and --endpoint-url`

/** The host tells a misspelled region. */
function hostOf({ hostname, address, port }: SdkError): string {
  return hostname ?? (address === undefined ? '' : `${address}:${port}`)
}

const untrusted: Describe = ({ operation, error }) =>
  `whoever answers ${operation} has a certificate that Node does not trust (${error.code}); behind a proxy that opens connections, NODE_EXTRA_CA_CERTS names the file of its certificate`

const notFound: Describe = ({ operation, input, region, message }) => {
  const name = Object.entries(input).find(([key]) => /Name$/.test(key))?.[1]
  if (!/:Describe/.test(operation) || typeof name !== 'string')
    return `AWS finds nothing for ${operation}: ${message}`
  const kind = operation.replace(/^.*:Describe/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
  return `there is no ${kind.toLowerCase()} ${quote(name)}${region ? ` in ${region}` : ''} (${message}); check the name and --region`
}

/** How SageMaker says in words what it has no name for. */
export const ABSENT = /could not find|requested resource not found|does not exist/i

const invalid: Describe = (failure) => {
  const { operation, message } = failure
  if (/:Describe/.test(operation) && ABSENT.test(message)) return notFound(failure)
  if (
    /(image|repository).*(not (found|exist)|does ?n.t exist|no.*access)|RepositoryNotFound/i.test(
      message,
    )
  )
    return `AWS finds no such image: ${message}; shapserve sagemaker push puts it there, and the role needs to read it`
  if (/access model data/i.test(message)) return `AWS cannot read the model for --role: ${message}`
  if (/\brole\b/i.test(message))
    return `AWS cannot use --role: ${message}; it must be a role that sagemaker.amazonaws.com may assume`
  return `AWS refuses ${operation}: ${message}`
}

/** The container's own words, where it has some; what became of them on the way is no JSON then. */
const ofModel: Describe = ({ error, message }) => {
  const { OriginalMessage: original = '', OriginalStatusCode: status } = error
  const detail = /"detail":("(?:[^"\\]|\\.)*")/.exec(original)?.[1]
  if (detail !== undefined) return String(JSON.parse(detail))
  if (/could not load the entire response body/i.test(`${original} ${message}`))
    return 'the answer is larger than SageMaker hands on; ask for fewer rows at once: --batch-bytes 32768'
  return `the model's container fails${status ? ` (${status})` : ''}: ${oneLine(original) || sayOrNothing(message)}; its log is in CloudWatch, /aws/sagemaker/Endpoints`
}

const notReady: Describe = () =>
  'the model is still being loaded by its endpoint; try again in a minute'

const noAnswerOfAws: Describe = ({ operation, error }) =>
  `what answers ${operation} is not AWS (HTTP ${error.$metadata?.httpStatusCode ?? 'status unknown'}); check --endpoint-url and proxies`

const kms: Describe = ({ message }) =>
  `the key of --kms-key cannot be used: ${sayOrNothing(message)}`

/** What is said of each failure, by AWS's name of it. */
const failures: Readonly<Record<string, Describe>> = {
  CredentialsProviderError: noCredentials,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  RequestExpired: expired,
  TokenRefreshRequired: expired,
  UnrecognizedClientException: notAccepted,
  InvalidClientTokenId: notAccepted,
  InvalidAccessKeyId: notAccepted,
  InvalidSignatureException: notAccepted,
  SignatureDoesNotMatch: notAccepted,
  RequestTimeTooSkewed: notAccepted,
  AuthFailure: notAccepted,
  AccessDenied: denied,
  AccessDeniedException: denied,
  Forbidden: denied,
  '403': denied,
  ResourceLimitExceeded: quota,
  LimitExceededException: quota,
  ServiceQuotaExceededException: quota,
  ThrottlingException: throttled,
  Throttling: throttled,
  TooManyRequestsException: throttled,
  SlowDown: throttled,
  RequestLimitExceeded: throttled,
  ResourceInUse: inUse,
  ConflictException: inUse,
  PermanentRedirect: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  '301': elsewhere,
  NoSuchBucket: noBucket,
  BucketAlreadyExists: taken,
  TimeoutError: noAnswer,
  ETIMEDOUT: noAnswer,
  RequestTimeout: noAnswer,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EPIPE: unreachable,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  ValidationException: invalid,
  ValidationError: invalid,
  InvalidParameterException: invalid,
  ResourceNotFound: notFound,
  ResourceNotFoundException: notFound,
  RepositoryNotFoundException: notFound,
  NoSuchKey: notFound,
  NotFound: notFound,
  ModelError: ofModel,
  ModelNotReadyException: notReady,
  SyntaxError: noAnswerOfAws,
  KMSAccessDeniedException: kms,
  KMSInvalidStateException: kms,
  KMSNotFoundException: kms,
}

/** Returns an error of the SDK as the one line that a user reads; an error of ours as it is. */
export function describeAwsError(thrown: unknown, request: FailedRequest): Error {
  if (thrown instanceof CloudError || thrown instanceof InputError) return thrown
  const error = thrown as SdkError
  const message = oneLine(error.message ?? '')
  if (/^Region (is missing|not accepted)/.test(message))
    return new CloudError(
      'RegionMissing',
      'which AWS region? add --region, such as --region eu-central-1, or set AWS_REGION',
    )
  if (
    /could not resolve credentials|Could not load credentials|profile .* (not found|could not)/i.test(
      message,
    )
  )
    return new CloudError('CredentialsProviderError', noCredentials({ ...request, message, error }))
  const code = codeOf(error)
  const describe = failures[code]
  const said = describe
    ? describe({ ...request, message, error })
    : `AWS fails at ${request.operation}: ${[code, message].filter(Boolean).join(': ')}`
  return new CloudError(code, said, { cause: thrown })
}

/** The name of a failure; answers without a body have none but their status. */
function codeOf({ name = '', code = '', $metadata }: SdkError): string {
  const status = $metadata?.httpStatusCode
  if (Object.hasOwn(failures, name)) return name
  if (Object.hasOwn(failures, code)) return code
  if (status !== undefined && Object.hasOwn(failures, String(status))) return String(status)
  if (status === 404) return 'NotFound'
  if (status === 429) return 'ThrottlingException'
  return name === 'Error' ? code : name
}

/** Messages of AWS name callers and resources, of proxies their address; a key's id and a password are nobody's to read in a log. */
function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/\/\/[^\s/@]+@/g, '//…@')
    .replace(/\b(AKIA|ASIA)[A-Z0-9]{8,}\b/g, '$1…')
    .trim()
    .replace(/\.$/, '')
    .slice(0, 600)
}

function sayOrNothing(message: string): string {
  return message === '' || message === 'UnknownError' ? 'no reason is given' : message
}

function bucketOf(input: object): string {
  return quote((input as { Bucket?: unknown }).Bucket ?? 'of the request')
}
