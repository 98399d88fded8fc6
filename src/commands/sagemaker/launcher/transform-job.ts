/** The requests of a batch transform. Pure. */
import { flagWith, InputError } from '../../../errors.ts'
import { type AnswerFormat, mediaTypes } from '../../rows/formats.ts'
import type {
  CreateModelRequest,
  CreateTransformJobRequest,
  DataProcessing,
  TransformInstanceType,
} from './aws.ts'
import type { Resources } from './launch-flags.ts'
import { below, type S3Place, s3Uri } from './names.ts'

/** What is in the input, and how it reaches the container. */
export interface TransformRows {
  readonly uri: string
  readonly contentType: string
  /** Whether lines are rows that can be parted anywhere; otherwise a file is one request. */
  readonly isParted: boolean
  /** Largest request, in MB. */
  readonly maxPayload: number
  readonly maxConcurrent: number
}

export interface TransformJob {
  readonly name: string
  readonly resources: Resources
  readonly modelData: string
  readonly instance: string
  readonly count: number
  readonly rows: TransformRows
  readonly processing?: DataProcessing | undefined
  readonly answer: AnswerFormat
  readonly explains: boolean
  readonly environment: Readonly<Record<string, string>>
}

/** What SageMaker lets be on its way to a machine at once, in MB. */
const MOST_ON_THE_WAY = 100

/** Returns where the answers of a job lie. */
export function answersOf(place: S3Place, name: string): S3Place {
  return below(place, name, 'output')
}

/**
 * Returns the requests that create the model and start the job.
 * @throws InputError `invalid_parameter` for more on the way than SageMaker takes
 */
export function transformRequests(job: TransformJob): {
  readonly model: CreateModelRequest
  readonly job: CreateTransformJobRequest
} {
  const { name, resources, modelData, rows, processing, answer, explains, environment } = job
  const { image, role, network, tags, kmsKey, place } = resources
  const { isParted, maxPayload, maxConcurrent } = rows
  if (maxPayload * maxConcurrent > MOST_ON_THE_WAY)
    throw new InputError(
      'invalid_parameter',
      `${flagWith('--max-payload', String(maxPayload))} times ${flagWith('--max-concurrent', String(maxConcurrent))} is more than the ${MOST_ON_THE_WAY} MB that SageMaker takes`,
    )
  return {
    model: {
      ModelName: name,
      PrimaryContainer: {
        Image: image,
        ModelDataUrl: modelData,
        Environment: {
          ...environment,
          // Nothing but a setting reaches the container of a transform.
          ...(explains ? { SHAPSERVE_ENABLE_EXPLANATIONS: '`true`' } : {}),
        },
      },
      ExecutionRoleArn: role.arn,
      ...(network === undefined ? {} : { VpcConfig: network }),
      Tags: [...tags],
    },
    job: {
      TransformJobName: name,
      ModelName: name,
      MaxPayloadInMB: maxPayload,
      MaxConcurrentTransforms: maxConcurrent,
      ...(isParted ? { BatchStrategy: 'MultiRecord' } : {}),
      TransformInput: {
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: rows.uri } },
        ContentType: rows.contentType,
        SplitType: isParted ? 'Line' : 'None',
      },
      TransformOutput: {
        S3OutputPath: s3Uri(answersOf(place, name)),
        Accept: mediaTypes[answer],
        AssembleWith: isParted ? 'Line' : 'None',
        ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
      },
      ...(processing === undefined ? {} : { DataProcessing: processing }),
      TransformResources: {
        InstanceType: job.instance as TransformInstanceType,
        InstanceCount: job.count,
        ...(kmsKey === undefined ? {} : { VolumeKmsKeyId: kmsKey }),
      },
      Tags: [...tags],
    },
  }
}
