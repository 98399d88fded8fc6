/** The request of a training job, made of settings. Pure. */
import { metricDefinitions } from '../metric-lines.ts'
import type { CreateTrainingJobRequest, TrainingInstanceType } from './aws.ts'
import type { PlannedChannel } from './channels-of-files.ts'
import type { Resources } from './launch-flags.ts'
import { s3Uri } from './names.ts'

/** What a machine of a job is like, and how long it may run. */
export interface Machine {
  readonly instance: string
  readonly volumeGb: number
  /** Seconds of training. */
  readonly maxRuntime: number
  /** Seconds of training and of waiting for spare capacity; absent = no spot instances. */
  readonly maxWait?: number
}

export interface TrainingJob {
  readonly name: string
  readonly resources: Resources
  readonly machine: Machine
  readonly hyperparameters: Readonly<Record<string, string>>
  readonly channels: readonly PlannedChannel[]
}

/** Returns the request that starts a training job. */
export function trainingJobRequest(job: TrainingJob): CreateTrainingJobRequest {
  const { name, resources, hyperparameters } = job
  return {
    TrainingJobName: name,
    HyperParameters: { ...hyperparameters },
    ...jobParts(job),
    AlgorithmSpecification: {
      TrainingImage: resources.image,
      TrainingInputMode: 'File',
      MetricDefinitions: metricDefinitions(),
    },
    Tags: [...resources.tags],
  }
}

/** What a training job has in common with each job of a tuning. */
export function jobParts({ resources, machine, channels }: Omit<TrainingJob, 'name'>) {
  const { role, place, kmsKey, network } = resources
  const { instance, volumeGb, maxRuntime, maxWait } = machine
  return {
    RoleArn: role.arn,
    InputDataConfig: channels.map(({ channel }) => channel),
    OutputDataConfig: {
      S3OutputPath: s3Uri(place),
      ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
    },
    ResourceConfig: {
      InstanceType: instance as TrainingInstanceType,
      InstanceCount: 1,
      VolumeSizeInGB: volumeGb,
      ...(kmsKey === undefined ? {} : { VolumeKmsKeyId: kmsKey }),
    },
    StoppingCondition: {
      MaxRuntimeInSeconds: maxRuntime,
      ...(maxWait === undefined ? {} : { MaxWaitTimeInSeconds: maxWait }),
    },
    ...(maxWait === undefined ? {} : { EnableManagedSpotTraining: true }),
    ...(network === undefined ? {} : { VpcConfig: network }),
  } satisfies Partial<CreateTrainingJobRequest>
}
