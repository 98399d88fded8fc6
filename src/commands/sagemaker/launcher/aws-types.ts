/** The types of AWS's SDK that the launcher uses, and every request that it makes. Nothing of it is there at run time. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs'
import type * as Ecr from '@aws-sdk/client-ecr'
import type * as S3 from '@aws-sdk/client-s3'
import type * as SageMaker from '@aws-sdk/client-sagemaker'
import type * as Runtime from '@aws-sdk/client-sagemaker-runtime'

export type {
  CreateEndpointCommandInput as CreateEndpointRequest,
  CreateEndpointConfigCommandInput as CreateEndpointConfigRequest,
  CreateHyperParameterTuningJobCommandInput as CreateTuningJobRequest,
  CreateModelCommandInput as CreateModelRequest,
  CreateTrainingJobCommandInput as CreateTrainingJobRequest,
  CreateTransformJobCommandInput as CreateTransformJobRequest,
  DataProcessing,
  DeploymentConfig,
  DescribeHyperParameterTuningJobCommandOutput as TuningJobState,
  DescribeTrainingJobCommandOutput as TrainingJobState,
  ParameterRanges,
  ProductionVariant,
  ProductionVariantInstanceType,
  Tag,
  TrainingInstanceType,
  TransformInstanceType,
  UpdateEndpointCommandInput as UpdateEndpointRequest,
} from '@aws-sdk/client-sagemaker'

/** Bytes, or a file, as the body of an upload. */
export type UploadBody = { readonly file: string } | { readonly bytes: Uint8Array }

interface Operation<Input extends object, Output> {
  readonly input: Input
  readonly output: Output
}

/** Every request that the launcher makes, by service and action. */
export interface Operations {
  'sagemaker:CreateTrainingJob': Operation<
    SageMaker.CreateTrainingJobCommandInput,
    SageMaker.CreateTrainingJobCommandOutput
  >
  'sagemaker:DescribeTrainingJob': Operation<
    SageMaker.DescribeTrainingJobCommandInput,
    SageMaker.DescribeTrainingJobCommandOutput
  >
  'sagemaker:CreateHyperParameterTuningJob': Operation<
    SageMaker.CreateHyperParameterTuningJobCommandInput,
    SageMaker.CreateHyperParameterTuningJobCommandOutput
  >
  'sagemaker:DescribeHyperParameterTuningJob': Operation<
    SageMaker.DescribeHyperParameterTuningJobCommandInput,
    SageMaker.DescribeHyperParameterTuningJobCommandOutput
  >
  'sagemaker:CreateTransformJob': Operation<
    SageMaker.CreateTransformJobCommandInput,
    SageMaker.CreateTransformJobCommandOutput
  >
  'sagemaker:DescribeTransformJob': Operation<
    SageMaker.DescribeTransformJobCommandInput,
    SageMaker.DescribeTransformJobCommandOutput
  >
  'sagemaker:CreateModel': Operation<
    SageMaker.CreateModelCommandInput,
    SageMaker.CreateModelCommandOutput
  >
  'sagemaker:DescribeModel': Operation<
    SageMaker.DescribeModelCommandInput,
    SageMaker.DescribeModelCommandOutput
  >
  'sagemaker:DeleteModel': Operation<
    SageMaker.DeleteModelCommandInput,
    SageMaker.DeleteModelCommandOutput
  >
  'sagemaker:ListModels': Operation<
    SageMaker.ListModelsCommandInput,
    SageMaker.ListModelsCommandOutput
  >
  'sagemaker:CreateEndpointConfig': Operation<
    SageMaker.CreateEndpointConfigCommandInput,
    SageMaker.CreateEndpointConfigCommandOutput
  >
  'sagemaker:DescribeEndpointConfig': Operation<
    SageMaker.DescribeEndpointConfigCommandInput,
    SageMaker.DescribeEndpointConfigCommandOutput
  >
  'sagemaker:DeleteEndpointConfig': Operation<
    SageMaker.DeleteEndpointConfigCommandInput,
    SageMaker.DeleteEndpointConfigCommandOutput
  >
  'sagemaker:ListEndpointConfigs': Operation<
    SageMaker.ListEndpointConfigsCommandInput,
    SageMaker.ListEndpointConfigsCommandOutput
  >
  'sagemaker:CreateEndpoint': Operation<
    SageMaker.CreateEndpointCommandInput,
    SageMaker.CreateEndpointCommandOutput
  >
  'sagemaker:UpdateEndpoint': Operation<
    SageMaker.UpdateEndpointCommandInput,
    SageMaker.UpdateEndpointCommandOutput
  >
  'sagemaker:DescribeEndpoint': Operation<
    SageMaker.DescribeEndpointCommandInput,
    SageMaker.DescribeEndpointCommandOutput
  >
  'sagemaker:DeleteEndpoint': Operation<
    SageMaker.DeleteEndpointCommandInput,
    SageMaker.DeleteEndpointCommandOutput
  >
  'sagemaker:ListTags': Operation<SageMaker.ListTagsCommandInput, SageMaker.ListTagsCommandOutput>
  'sagemaker-runtime:InvokeEndpoint': Operation<
    Runtime.InvokeEndpointCommandInput,
    Runtime.InvokeEndpointCommandOutput
  >
  'sagemaker-runtime:InvokeEndpointAsync': Operation<
    Runtime.InvokeEndpointAsyncCommandInput,
    Runtime.InvokeEndpointAsyncCommandOutput
  >
  's3:HeadBucket': Operation<S3.HeadBucketCommandInput, S3.HeadBucketCommandOutput>
  's3:CreateBucket': Operation<S3.CreateBucketCommandInput, S3.CreateBucketCommandOutput>
  's3:PutObject': Operation<Omit<S3.PutObjectCommandInput, 'Body'> & { Body: UploadBody }, object>
  's3:GetObject': Operation<S3.GetObjectCommandInput, S3.GetObjectCommandOutput>
  's3:ListObjectsV2': Operation<S3.ListObjectsV2CommandInput, S3.ListObjectsV2CommandOutput>
  'logs:DescribeLogStreams': Operation<
    Logs.DescribeLogStreamsCommandInput,
    Logs.DescribeLogStreamsCommandOutput
  >
  'logs:GetLogEvents': Operation<Logs.GetLogEventsCommandInput, Logs.GetLogEventsCommandOutput>
  'ecr:GetAuthorizationToken': Operation<
    Ecr.GetAuthorizationTokenCommandInput,
    Ecr.GetAuthorizationTokenCommandOutput
  >
  'ecr:CreateRepository': Operation<
    Ecr.CreateRepositoryCommandInput,
    Ecr.CreateRepositoryCommandOutput
  >
}
