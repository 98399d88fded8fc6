/** Flags become requests: tables of what is asked, and of what is refused before anything is sent. */
import fc from 'fast-check'
import t from 'tap'
import { planChannel } from '../../../../src/commands/sagemaker/launcher/channels-of-files.ts'
import type { DeployFlags } from '../../../../src/commands/sagemaker/launcher/deploy-flags.ts'
import {
  deploymentRequests,
  readDeployment,
} from '../../../../src/commands/sagemaker/launcher/deployment.ts'
import { declareLaunchDeploy } from '../../../../src/commands/sagemaker/launcher/launch-deploy.ts'
import {
  type ResourceFlags,
  readAccount,
  readResources,
} from '../../../../src/commands/sagemaker/launcher/launch-flags.ts'
import { declareLaunchTrain } from '../../../../src/commands/sagemaker/launcher/launch-train.ts'
import { declareLaunchTransform } from '../../../../src/commands/sagemaker/launcher/launch-transform.ts'
import { readMachine } from '../../../../src/commands/sagemaker/launcher/machine-flags.ts'
import {
  jobNameAt,
  readImage,
  readResourceName,
  readRole,
  readS3,
  readTags,
  slugOf,
} from '../../../../src/commands/sagemaker/launcher/names.ts'
import { planRowsInS3 } from '../../../../src/commands/sagemaker/launcher/rows-of-transform.ts'
import type { LaunchTrainFlags } from '../../../../src/commands/sagemaker/launcher/train-flags.ts'
import { trainingJobRequest } from '../../../../src/commands/sagemaker/launcher/training-job.ts'
import type { TransformFlags } from '../../../../src/commands/sagemaker/launcher/transform-flags.ts'
import { transformRequests } from '../../../../src/commands/sagemaker/launcher/transform-job.ts'
import { rangesOf } from '../../../../src/commands/sagemaker/launcher/tuning-job.ts'
import { engines } from '../../../../src/estimators/index.ts'
import { checkParams, searchSpaceOf } from '../../../../src/training/choose-estimator.ts'
import { account, flagsOf } from './flags.ts'

const resourcesOf = async (args: readonly string[] = []) => {
  const flags = flagsOf<ResourceFlags>(declareLaunchDeploy, ['m', ...account, ...args])
  return readResources(flags, readAccount(flags).aws)
}
const place = 's3://sagemaker-eu-central-1-123456789012/shapserve'

t.test('values that AWS would refuse are refused here', async (t) => {
  const refused: [what: string, read: () => unknown, message: RegExp][] = [
    ['no role', () => readRole('sm'), /get-role --role-name sm --query/],
    ['a role of something else', () => readRole('arn:aws:iam::1:role/x'), /expected arn:aws:iam/],
    ['an image without a registry', () => readImage('shapserve'), /sagemaker push prints it/],
    ['an image with a blank', () => readImage('a.b/c d'), /--image is "a\.b\/c d"/],
    ['a name with a dot', () => readResourceName('--job-name', 'a.b'), /--job-name is "a\.b"/],
    ['a name that is too long', () => readResourceName('x', 'a'.repeat(64)), /at most 63/],
    ['a bucket in capitals', () => readS3('--output', 's3://Bucket/x'), /expected s3:/],
    ['a file', () => readS3('--output', '/tmp'), /expected s3:/],
    ['a tag without a value', () => readTags(['a']), /--tag takes key=value, not "a"/],
    ['a tag of AWS', () => readTags(['aws:a=b']), /--tag takes/],
    ['a tag twice', () => readTags(['a=b', 'a=c']), /"a" is given twice/],
    ['our own tag', () => readTags(['created-by=me']), /"created-by" is given twice/],
    ['hidden files', () => planChannel('train', ['x/.a.csv'], readS3('', place)), /hidden file/],
    ['standard input', () => planChannel('train', ['-'], readS3('', place)), /standard input/],
    [
      'S3 and a file',
      () => planChannel('train', ['s3://b-b/k', 'a.csv'], readS3('', place)),
      /not both/,
    ],
  ]
  for (const [what, read, message] of refused) t.throws(read, { message }, what)
  await t.rejects(resourcesOf(['--subnet', 's']), { message: /--security-group is missing/ })
  await t.rejects(resourcesOf(['--region', 'mars']), { message: /--region is "mars"/ })
  await t.rejects(resourcesOf(['--endpoint-url', 'x']), { message: /--endpoint-url is "x"/ })
  t.match(
    await resourcesOf(['--subnet', 's', '--security-group', 'g', '--output', 's3://b-b/a/']),
    {
      network: { Subnets: ['s'], SecurityGroupIds: ['g'] },
      place: { bucket: 'b-b', key: 'a' },
      isDefaultPlace: false,
    },
  )
})

t.test('names are made of files and times', async (t) => {
  t.equal(slugOf('data/My  Table (1).csv.gz'), 'my-table-1')
  t.equal(slugOf('models/churn.tar.gz'), 'churn')
  t.equal(slugOf('-'), '')
  const time = new Date('2026-02-03T04:05:06Z')
  t.equal(jobNameAt(time, 'titanic'), 'shapserve-titanic-20260203040506')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(32, 63), (path, most) => {
      const name = jobNameAt(time, slugOf(path), most)
      t.equal(readResourceName('name', name, most), name)
    }),
  )
})

t.test('files of a channel keep their order', async (t) => {
  const { channel, uploads } = planChannel(
    'train',
    ['z/b.csv', 'y/a.csv'],
    readS3('', `${place}/j`),
  )
  t.same(
    uploads.map(({ place: { key } }) => key),
    ['shapserve/j/input/train/0-b.csv', 'shapserve/j/input/train/1-a.csv'],
  )
  t.equal(channel.DataSource?.S3DataSource?.S3Uri, `${place}/j/input/train/`)
  t.match(planChannel('train', ['s3://b-b/k/x.csv'], readS3('', place)), {
    channel: { DataSource: { S3DataSource: { S3Uri: 's3://b-b/k/x.csv' } } },
    uploads: [],
  })
  t.match(planChannel('train', ['s3://b-b/tables/'], readS3('', place)), {
    channel: { DataSource: { S3DataSource: { S3Uri: 's3://b-b/tables/' } } },
  })
})

t.test('a training job', async (t) => {
  const requestOf = async (args: readonly string[]) =>
    trainingJobRequest({
      name: 'j',
      resources: await resourcesOf(args.filter((_, at) => args[0] === '--kms-key' && at < 2)),
      machine: readMachine(
        flagsOf<LaunchTrainFlags>(declareLaunchTrain, ['a.csv', ...account, ...args]),
      ),
      hyperparameters: { target: 'y' },
      channels: [planChannel('train', ['a.csv'], readS3('', `${place}/j`))],
    })
  const cases: [what: string, args: string[], expected: object][] = [
    [
      'the least',
      [],
      {
        TrainingJobName: 'j',
        RoleArn: 'arn:aws:iam::123456789012:role/sm',
        OutputDataConfig: { S3OutputPath: place, KmsKeyId: undefined },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 30 },
        StoppingCondition: { MaxRuntimeInSeconds: 86400, MaxWaitTimeInSeconds: undefined },
        EnableManagedSpotTraining: undefined,
        Tags: [{ Key: 'created-by', Value: 'shapserve' }],
      },
    ],
    [
      'spot',
      ['--spot', '--max-runtime', '600'],
      {
        EnableManagedSpotTraining: true,
        StoppingCondition: { MaxRuntimeInSeconds: 600, MaxWaitTimeInSeconds: 1200 },
      },
    ],
    [
      'a key',
      ['--kms-key', 'k'],
      { OutputDataConfig: { KmsKeyId: 'k' }, ResourceConfig: { VolumeKmsKeyId: 'k' } },
    ],
  ]
  for (const [what, args, expected] of cases) t.match(await requestOf(args), expected, what)
  const { AlgorithmSpecification } = await requestOf([])
  t.ok((AlgorithmSpecification?.MetricDefinitions?.length ?? 99) <= 40)
  await t.rejects(requestOf(['--max-wait', '9']), { message: /add --spot/ })
  await t.rejects(requestOf(['--spot', '--max-wait', '9']), { message: /--max-wait is "9"/ })
  await t.rejects(requestOf(['--instance', 'm5.large']), { message: /expected a type such as/ })
})

const deployed = async (args: readonly string[], again?: string) => {
  const flags = flagsOf<DeployFlags>(declareLaunchDeploy, ['m', ...account, ...args])
  return deploymentRequests({
    endpoint: 'e',
    resources: await readResources(flags, readAccount(flags).aws),
    modelData: 's3://b-b/m.tar.gz',
    settings: readDeployment(flags),
    again,
  })
}

t.test('a deployment', async (t) => {
  const variant = (own: object) => ({ config: { ProductionVariants: [own] } })
  const cases: [what: string, args: string[], expected: object][] = [
    [
      'the least',
      [],
      {
        model: { PrimaryContainer: { Mode: 'SingleModel', ModelDataUrl: 's3://b-b/m.tar.gz' } },
        ...variant({ InstanceType: 'ml.m5.large', InitialInstanceCount: 1 }),
        create: { EndpointName: 'e' },
        update: {
          DeploymentConfig: {
            BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' } },
          },
        },
      },
    ],
    [
      'serverless',
      ['--serverless', '--memory', '3072', '--max-concurrency', '9'],
      {
        ...variant({
          InstanceType: undefined,
          ServerlessConfig: { MemorySizeInMB: 3072, MaxConcurrency: 9 },
        }),
        update: { DeploymentConfig: undefined },
      },
    ],
    [
      'asynchronous',
      ['--async', '--max-concurrency', '2', '--kms-key', 'k'],
      {
        config: {
          AsyncInferenceConfig: {
            OutputConfig: { S3OutputPath: `${place}/e/async/answers`, KmsKeyId: 'k' },
            ClientConfig: { MaxConcurrentInvocationsPerInstance: 2 },
          },
          KmsKeyId: 'k',
        },
      },
    ],
    ['many models', ['--multi-model'], { model: { PrimaryContainer: { Mode: 'MultiModel' } } }],
    [
      'captured',
      ['--capture', '--capture-percent', '20'],
      {
        config: {
          DataCaptureConfig: {
            InitialSamplingPercentage: 20,
            DestinationS3Uri: `${place}/e/capture`,
          },
        },
      },
    ],
    [
      'settings and a network',
      ['--env', 'LOG_LEVEL=warn', '--env', 'A=b=c', '--subnet', 's', '--security-group', 'g'],
      {
        model: {
          PrimaryContainer: { Environment: { LOG_LEVEL: 'warn', A: 'b=c' } },
          VpcConfig: { Subnets: ['s'], SecurityGroupIds: ['g'] },
        },
      },
    ],
    [
      'canary',
      ['--traffic', 'canary', '--step-size', '20', '--step-wait', '60', '--alarm', 'a'],
      {
        update: {
          DeploymentConfig: {
            BlueGreenUpdatePolicy: {
              TrafficRoutingConfiguration: {
                Type: 'CANARY',
                WaitIntervalInSeconds: 60,
                CanarySize: { Type: 'CAPACITY_PERCENT', Value: 20 },
              },
            },
            AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'a' }] },
          },
        },
      },
    ],
  ]
  for (const [what, args, expected] of cases) t.match(await deployed(args), expected, what)

  const refused: [args: string[], message: RegExp][] = [
    [['--memory', '2048'], /--memory is for --serverless/],
    [['--max-concurrency', '2'], /--max-concurrency is for --serverless or --async/],
    [['--serverless', '--memory', '2000'], /expected a multiple of 1024/],
    [['--serverless', '--async'], /no --serverless with --async/],
    [['--serverless', '--multi-model'], /no --serverless with --multi-model/],
    [['--serverless', '--capture'], /no --serverless with --capture/],
    [['--serverless', '--instance', 'ml.m5.large'], /no --serverless with --instance/],
    [['--capture-percent', '5'], /--capture-percent is for --capture/],
    [['--traffic', 'blue'], /--traffic is "blue"/],
    [['--step-size', '5'], /--step-size is for --traffic/],
    [['--traffic', 'canary', '--step-size', '60'], /--step-size is "60"/],
    [['--env', 'A'], /--env takes NAME=value, not "A"/],
  ]
  for (const [args, message] of refused) await t.rejects(deployed(args), { message })
  const told = await deployed(['--env', '1SECRET=hunter2']).catch((error: Error) => error.message)
  t.match(told, '1SECRET')
  t.notMatch(told, 'hunter2', 'a value may be a secret')
})

t.test('the same deployment has the same names, another one has others', async (t) => {
  const namesOf = async (args: readonly string[], again?: string) => {
    const { model, config } = await deployed(args, again)
    return [model.ModelName, config.EndpointConfigName]
  }
  const [model, config] = await namesOf([])
  t.same(await namesOf([]), [model, config])
  t.same(await namesOf(['--tag', 'a=b']), [model, config], 'tags change nothing')
  const [sameModel, otherConfig] = await namesOf(['--count', '2'])
  t.equal(sameModel, model)
  t.not(otherConfig, config)
  const other = await namesOf(['--env', 'A=b'])
  t.not(other[0], model)
  t.not(other[1], config)
  t.not((await namesOf([], 'again'))[0], model)
  const long = deploymentRequests({
    endpoint: `${'e'.repeat(49)}-${'e'.repeat(13)}`,
    resources: await resourcesOf(),
    modelData: 's3://b-b/m.tar.gz',
    settings: readDeployment(flagsOf<DeployFlags>(declareLaunchDeploy, ['m'])),
  })
  t.equal(readResourceName('model', long.model.ModelName as string), long.model.ModelName)
})

t.test('ranges of a tuning', async (t) => {
  const space = await searchSpaceOf({ engine: 'native', estimator: 'logistic_regression' })
  const free = rangesOf(space, {})
  const names = (ranges: typeof free) =>
    Object.values(ranges)
      .flat()
      .map((range) => range?.Name)
      .sort()
  t.same(names(free), ['C', 'class_weight', 'penalty'])
  t.match(free.ContinuousParameterRanges, [
    { Name: 'C', MinValue: '0.0001', MaxValue: '10000', ScalingType: 'Logarithmic' },
  ])
  const penalties = free.CategoricalParameterRanges?.find(({ Name }) => Name === 'penalty')
  t.same(penalties?.Values, ['l2', 'l1'], 'elasticnet needs l1_ratio, which others refuse')
  t.same(names(rangesOf(space, { penalty: 'elasticnet' })), ['C', 'class_weight', 'l1_ratio'])
  t.throws(() => rangesOf(space, { penalty: 'l2', C: '1', class_weight: 'none' }), {
    message: /every parameter that could be searched is set/,
  })
})

t.test('whatever SageMaker draws is a setting of the estimator', async (t) => {
  for (const [engine, { estimators }] of Object.entries(engines)) {
    for (const estimator of Object.keys(estimators)) {
      const choice = { engine, estimator } as Parameters<typeof checkParams>[0]
      const ranges = rangesOf(await searchSpaceOf(choice), {})
      const categorical = ranges.CategoricalParameterRanges ?? []
      const others = [
        ...(ranges.ContinuousParameterRanges ?? []),
        ...(ranges.IntegerParameterRanges ?? []),
      ]
      for (const pick of [0, 1]) {
        const drawn = [
          ...categorical.map(({ Name, Values = [] }) => [Name, Values.at(-pick)] as const),
          ...others.map((range) => [range.Name, pick ? range.MinValue : range.MaxValue] as const),
        ]
        await t.resolves(
          checkParams(choice, new Map(drawn as [string, unknown][])),
          `${engine} ${estimator} ${drawn.join(' ')}`,
        )
      }
    }
  }
})

t.test('a batch transform', async (t) => {
  const rowsOf = (uri: string, args: readonly string[] = []) =>
    planRowsInS3(uri, flagsOf<TransformFlags>(declareLaunchTransform, ['m', uri, ...args])).rows
  const cases: [what: string, uri: string, args: string[], expected: object][] = [
    [
      'CSV with a header is not parted',
      's3://b-b/x.csv',
      [],
      {
        contentType: 'text/csv;header=present',
        isParted: false,
        maxPayload: 100,
        maxConcurrent: 1,
      },
    ],
    [
      'CSV without one is',
      's3://b-b/x.csv',
      ['--no-header'],
      { contentType: 'text/csv;header=absent', isParted: true, maxPayload: 6, maxConcurrent: 4 },
    ],
    [
      'JSON Lines are',
      's3://b-b/rows/',
      ['--input-format', 'jsonl'],
      { uri: 's3://b-b/rows/', contentType: 'application/jsonlines', isParted: true },
    ],
    [
      'Parquet is not',
      's3://b-b/x.parquet',
      ['--max-payload', '50'],
      { contentType: 'application/x-parquet', isParted: false, maxPayload: 50, maxConcurrent: 2 },
    ],
  ]
  for (const [what, uri, args, expected] of cases) t.match(rowsOf(uri, args), expected, what)
  t.throws(() => rowsOf('s3://b-b/rows/'), { message: /add --input-format/ })

  const planOf = (uri: string, args: readonly string[]) =>
    planRowsInS3(uri, flagsOf<TransformFlags>(declareLaunchTransform, ['m', uri, ...args]))
  const joined = ['--join', '--input-filter', '$[1:]', '--output-filter', '$[0,-1]']
  const withJoin = planOf('s3://b-b/x.csv', ['--no-header', ...joined])
  t.same(withJoin.processing, {
    InputFilter: '$[1:]',
    JoinSource: 'Input',
    OutputFilter: '$[0,-1]',
  })
  t.equal(planOf('s3://b-b/x.csv', []).processing, undefined)
  const wrong: [uri: string, args: string[], message: RegExp][] = [
    ['s3://b-b/x.csv', ['--join'], /^--join works line by line: .* not csv with a header; predict/],
    ['s3://b-b/x.parquet', ['--output-filter', '$.id'], /^--output-filter works .* not parquet/],
    ['s3://b-b/x.jsonl', ['--input-filter', 'id'], /^--input-filter is "id", expected a JSONPath/],
    ['s3://b-b/x.jsonl', ['--output-filter', `$${'a'.repeat(63)}`], /at most 63 characters/],
  ]
  for (const [uri, args, message] of wrong) t.throws(() => planOf(uri, args), { message })
  const requests = async (rows: ReturnType<typeof rowsOf>, processing?: object) =>
    transformRequests({
      name: 'j',
      processing,
      resources: await resourcesOf(),
      modelData: 's3://b-b/m.tar.gz',
      instance: 'ml.m5.large',
      count: 2,
      rows,
      answer: 'csv',
      explains: true,
      environment: {},
    })
  t.match(await requests(rowsOf('s3://b-b/x.csv', ['--no-header'])), {
    model: { PrimaryContainer: { Environment: { SHAPSERVE_ENABLE_EXPLANATIONS: '`true`' } } },
    job: {
      BatchStrategy: 'MultiRecord',
      TransformInput: { SplitType: 'Line' },
      TransformOutput: {
        AssembleWith: 'Line',
        Accept: 'text/csv',
        S3OutputPath: `${place}/j/output`,
      },
      TransformResources: { InstanceCount: 2 },
    },
  })
  t.match((await requests(withJoin.rows, withJoin.processing)).job, {
    DataProcessing: { JoinSource: 'Input' },
    TransformInput: { SplitType: 'Line' },
    TransformOutput: { AssembleWith: 'Line' },
  })
  await t.rejects(requests(rowsOf('s3://b-b/x.csv', ['--max-concurrent', '2'])), {
    message: /more than the 100 MB/,
  })
})
