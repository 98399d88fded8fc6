/** Jobs from the upload to the model: the real SDK on loopback, states and logs as SageMaker gives them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLines } from '../../../../src/commands/output/progress.ts'
import { tellLine } from '../../../../src/commands/sagemaker/launcher/follow-training.ts'
import {
  accountOf,
  checkAttached,
} from '../../../../src/commands/sagemaker/launcher/launch-flags.ts'
import { declareLaunchTrain } from '../../../../src/commands/sagemaker/launcher/launch-train.ts'
import { declareLaunchTransform } from '../../../../src/commands/sagemaker/launcher/launch-transform.ts'
import { declareLaunchTune } from '../../../../src/commands/sagemaker/launcher/launch-tune.ts'
import { packModel } from '../../../../src/commands/sagemaker/launcher/model-archives.ts'
import {
  attachToTraining,
  runTrainingJob,
} from '../../../../src/commands/sagemaker/launcher/run-training-job.ts'
import {
  attachToTransform,
  runTransform,
} from '../../../../src/commands/sagemaker/launcher/run-transform.ts'
import {
  attachToTuning,
  runTuningJob,
} from '../../../../src/commands/sagemaker/launcher/run-tuning-job.ts'
import { createStatusLine } from '../../../../src/commands/sagemaker/launcher/status-line.ts'
import type { LaunchTrainFlags } from '../../../../src/commands/sagemaker/launcher/train-flags.ts'
import type { TransformFlags } from '../../../../src/commands/sagemaker/launcher/transform-flags.ts'
import type { LaunchTuneFlags } from '../../../../src/commands/sagemaker/launcher/tune-flags.ts'
import { untilSignal } from '../../../../src/commands/sagemaker/launcher/until-signal.ts'
import type { Output } from '../../../../src/commands/terminal.ts'
import { readModelDirectory } from '../../../../src/model-directory/read.ts'
import { checkpoint } from '../../../helper.ts'
import { account, flagsOf } from './flags.ts'
import { saying } from './saying.ts'
import { Refusal, type StandIn, standIn } from './stand-in.ts'

const bucket = 'sagemaker-eu-central-1-123456789012'
const fast = ['--poll-seconds', '0.01', ...account]
const table = 'x,y\n1,a\n2,b\n'

async function train(t: Test, args: readonly string[]): Promise<string> {
  const flags = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [...args, ...fast])
  return await saying(t, () => runTrainingJob(flags.files, flags))
}

/** A job that goes through states, the last of which stays; its model lies in S3. */
async function runJob(
  aws: StandIn,
  states: readonly (readonly [status: string, second: string])[],
) {
  const key = `${bucket}/shapserve/j/output/model.tar.gz`
  aws.objects.set(key, Buffer.from(await packModel(checkpoint)))
  const left = [...states]
  aws.handlers['CreateTrainingJob'] = () => ({})
  aws.handlers['DescribeTrainingJob'] = ({ TrainingJobName }) => {
    const [status, second] = (left.length > 1 ? left.shift() : left[0]) as [string, string]
    return {
      TrainingJobName,
      TrainingJobStatus: status,
      SecondaryStatus: second,
      ModelArtifacts: { S3ModelArtifacts: `s3://${key}` },
      FinalMetricDataList: [{ MetricName: 'validation:auc', Value: 0.87654321 }],
      TrainingTimeInSeconds: 100,
      BillableTimeInSeconds: 40,
    }
  }
}

t.test('a job is started, followed with its log, and its model fetched', async (t) => {
  const aws = await standIn(t)
  await runJob(aws, [
    ['InProgress', 'Starting'],
    ['InProgress', 'Training'],
    ['Completed', 'Completed'],
  ])
  const pages: Record<string, [string[], string]> = {
    start: [['reading a.csv', 'validation:auc=0.87;'], 't1'],
    t1: [['\u001b[31mred'], 't2'],
    t2: [[], 't2'],
  }
  let groups = 0
  aws.handlers['DescribeLogStreams'] = () => {
    if (groups++ === 0) throw new Refusal('ResourceNotFoundException', 'no such group')
    return { logStreams: [{ logStreamName: 'j/algo-1-1' }] }
  }
  aws.handlers['GetLogEvents'] = ({ nextToken = 'start' }) => {
    const [lines, next] = pages[String(nextToken)] as [string[], string]
    return { events: lines.map((message) => ({ message })), nextForwardToken: next }
  }
  const folder = t.testdir({ 'a.csv': table })
  const modelDir = join(folder, 'model')
  const args = ['--target', 'y', '--job-name', 'j', '--model-dir', modelDir]
  const said = await train(t, [join(folder, 'a.csv'), ...args])
  t.equal(aws.objects.get(`${bucket}/shapserve/j/input/train/a.csv`)?.toString(), table)
  const input = aws.inputs.get('CreateTrainingJob') as { HyperParameters: object }
  t.match(input, { TrainingJobName: 'j', HyperParameters: { target: 'y', header: 'present' } })
  t.match(said, /status {4}Starting[\s\S]*status {4}Training[\s\S]*status {4}Completed/)
  t.equal(said.match(/log {7}reading a\.csv/g)?.length, 1, 'no line of the log twice')
  t.match(said, 'log       ?[31mred', 'nothing of a log moves the cursor')
  t.match(said, /metrics {3}validation:auc 0\.8765\ntime {6}1 min 40 s of training, 40 s billed/)
  const [here, there] = await Promise.all(
    [modelDir, checkpoint].map((dir) => readModelDirectory(dir)),
  )
  t.equal(here?.artifact.modelId, there?.artifact.modelId)
  for (const [name, bytes] of there?.files ?? [])
    t.ok(
      Buffer.from(bytes).equals(await readFile(join(modelDir, name))),
      `${name} has the same bytes`,
    )

  const attached = flagsOf<LaunchTrainFlags>(declareLaunchTrain, ['--model-dir', modelDir, ...fast])
  t.match(await saying(t, () => attachToTraining('j', attached)), /saved/)
})

t.test('a job that fails says why, and nothing is written', async (t) => {
  const aws = await standIn(t)
  aws.handlers['CreateTrainingJob'] = () => ({})
  aws.handlers['DescribeTrainingJob'] = () => ({
    TrainingJobStatus: 'Failed',
    SecondaryStatus: 'Failed',
    FailureReason: 'AlgorithmError: there is no column "y"\n, exit code: 1',
  })
  const folder = t.testdir({ 'a.csv': table, full: { 'notes.txt': '' } })
  const args = [join(folder, 'a.csv'), '--target', 'y', '--model-dir', join(folder, 'model')]
  await t.rejects(train(t, args), {
    message:
      /^the training job shapserve-a-\d+ failed: AlgorithmError: there is no column "y" , exit code: 1$/,
  })
  await t.rejects(readModelDirectory(join(folder, 'model')), { code: 'missing' })
  aws.asked.length = 0
  const full = [join(folder, 'a.csv'), '--target', 'y', '--model-dir', join(folder, 'full')]
  await t.rejects(train(t, full), { code: 'foreign' }, 'before anything is paid for')
  t.same(aws.asked, [])
})

t.test('a job that was stopped has a model, or none, and says why', async (t) => {
  const aws = await standIn(t)
  await runJob(aws, [['Stopped', 'MaxRuntimeExceeded']])
  const folder = t.testdir({ 'a.csv': table })
  const args = [join(folder, 'a.csv'), '--target', 'y', '--model-dir', join(folder, 'model')]
  t.match(
    await train(t, args),
    /warning {3}it ran for as long as --max-runtime lets it: the model is what there was[\s\S]*saved/,
  )
  aws.objects.clear()
  await t.rejects(train(t, [...args, '--force', '--job-name', 'j']), {
    message:
      'the training job j has no model: it ran for as long as --max-runtime lets it before there was one',
  })
  await runJob(aws, [['Stopped', 'Stopped']])
  aws.objects.clear()
  await t.rejects(train(t, [...args, '--force', '--job-name', 'j']), {
    message: 'the training job j has no model: somebody stopped it before there was one',
  })
})

t.test('how far a training is stands in the line of its state', async (t) => {
  const written: string[] = []
  const terminal = { isTTY: true, columns: 80, write: (text: string) => written.push(text) }
  const notes: string[] = []
  const before = { ...process.env }
  delete process.env['NO_COLOR']
  process.env['TERM'] = 'xterm'
  t.teardown(() => {
    process.env = before
  })
  const logged: string[] = []
  let now = 0
  const lines = createLines(
    (line) => logged.push(line),
    () => (now += 2000),
  )
  await lines.show('forest', 1, 4, 'trees')
  await lines.show('forest', 2, 4, 'trees')
  const [line] = logged as [string]
  t.match(line, /^forest {4}\d\/4 trees {3}\d/)
  const output = { note: (text: string) => notes.push(text) } as unknown as Output
  for (const stream of [terminal, { ...terminal, isTTY: false }]) {
    const status = createStatusLine(output, false, stream as unknown as NodeJS.WriteStream)
    status.show('Training', 'what is said of it at such a length that nothing else has room')
    tellLine(line, status)
    tellLine('reading a.csv', status)
    status.close()
  }
  t.match(written.join(''), /status {4}Training · forest \d\/4 trees \d/)
  t.same(
    notes.map((text) => text.slice(0, 17)),
    [
      'status    Trainin',
      'log       reading',
      'status    Trainin',
      'log       forest ',
      'log       reading',
    ],
    'a log without a terminal has every line',
  )
})

t.test('a log that may not be read is told once, and the job goes on', async (t) => {
  const aws = await standIn(t)
  await runJob(aws, [
    ['InProgress', 'Training'],
    ['Completed', 'Completed'],
  ])
  aws.handlers['DescribeLogStreams'] = () => {
    throw new Refusal('AccessDeniedException', 'not you')
  }
  const folder = t.testdir({ 'a.csv': table })
  const said = await train(t, [
    ...[join(folder, 'a.csv'), '--target', 'y', '--model-dir', join(folder, 'model')],
  ])
  t.equal(said.match(/the log is not shown/g)?.length, 1)
  t.match(said, /saved/)
})

t.test('an archive that is no model is refused, and the directory stays as it was', async (t) => {
  const aws = await standIn(t)
  await runJob(aws, [['Completed', 'Completed']])
  aws.objects.set(`${bucket}/shapserve/j/output/model.tar.gz`, Buffer.from('no archive'))
  const folder = t.testdir({ 'a.csv': table })
  const modelDir = join(folder, 'model')
  await t.rejects(train(t, [join(folder, 'a.csv'), '--target', 'y', '--model-dir', modelDir]), {
    name: 'ArtifactError',
  })
  await t.rejects(readFile(join(modelDir, 'manifest.json')))
})

t.test('whoever stops waiting hears what goes on', async (t) => {
  const before = process.listenerCount('SIGINT')
  const waiting = untilSignal(new Promise(() => {}), () => 'the job j goes on')
  process.emit('SIGINT', 'SIGINT')
  await t.rejects(waiting, { status: 130, message: 'stopped by SIGINT; the job j goes on' })
  t.equal(process.listenerCount('SIGINT'), before)
  t.equal(await untilSignal(Promise.resolve(1), () => ''), 1)
})

t.test('whoever stops while a job is being started hears that it may run', async (t) => {
  const aws = await standIn(t)
  aws.handlers['CreateTrainingJob'] = () => {
    process.emit('SIGINT', 'SIGINT')
    return {}
  }
  const folder = t.testdir({ 'a.csv': table })
  const args = ['--target', 'y', '--job-name', 'j', '--model-dir', join(folder, 'model')]
  await t.rejects(train(t, [join(folder, 'a.csv'), ...args]), {
    status: 130,
    message:
      /whether the job j was started is not known: .*--attach j.* stop-training-job .*j --region eu-central-1 stops it$/,
  })
})

t.test('lines to go on with lead to the same account', (t) => {
  const [pollSeconds, profile] = ['5', "it's"]
  t.equal(
    accountOf({ pollSeconds, profile, region: 'eu-central-1', endpointUrl: 'https://a.b' }),
    ` --region eu-central-1 --profile 'it'\\''s' --endpoint-url 'https://a.b'`,
  )
  t.equal(accountOf({ pollSeconds }), '')
  t.end()
})

t.test('what follows a job takes nothing that begins one', (t) => {
  const flags = { pollSeconds: '5', wait: true }
  t.doesNotThrow(() => checkAttached(flags, undefined))
  t.throws(() => checkAttached(flags, 'file'), { message: /^--attach .* takes no file$/ })
  t.throws(() => checkAttached({ ...flags, wait: false }, undefined), { message: /no --no-wait$/ })
  t.throws(() => checkAttached({ ...flags, dryRun: true }, undefined), { message: /no --dry-run$/ })
  t.end()
})

t.test('the model of the best training is fetched', async (t) => {
  const aws = await standIn(t)
  await runJob(aws, [['Completed', 'Completed']])
  const states = ['InProgress', 'Completed']
  aws.handlers['CreateHyperParameterTuningJob'] = () => ({})
  aws.handlers['DescribeHyperParameterTuningJob'] = () => ({
    HyperParameterTuningJobStatus: states.length > 1 ? states.shift() : states[0],
    TrainingJobStatusCounters: { Completed: 3, InProgress: 1, NonRetryableError: 1 },
    BestTrainingJob: {
      TrainingJobName: 'j',
      TunedHyperParameters: { max_depth: '4' },
      FinalHyperParameterTuningJobObjectiveMetric: { MetricName: 'cv:log_loss', Value: 0.4 },
    },
  })
  const folder = t.testdir({ 'a.csv': table })
  const modelDir = join(folder, 'model')
  const flags = flagsOf<LaunchTuneFlags>(declareLaunchTune, [
    ...[join(folder, 'a.csv'), '--target', 'y', '--cv', '5', '--model-dir', modelDir],
    ...['--set', 'n_estimators=50', '--max-jobs', '5', ...fast],
  ])
  const said = await saying(t, () => runTuningJob(flags.files, flags))
  t.match(
    said,
    /3 jobs done, 1 running, 1 failed[\s\S]*best {6}j {3}cv:log_loss 0\.4\n {10}max_depth=4/,
  )
  await t.resolves(readModelDirectory(modelDir))
  t.match(aws.inputs.get('CreateHyperParameterTuningJob'), {
    HyperParameterTuningJobConfig: {
      HyperParameterTuningJobObjective: { Type: 'Minimize', MetricName: 'cv:log_loss' },
      ResourceLimits: { MaxNumberOfTrainingJobs: 5, MaxParallelTrainingJobs: 2 },
    },
    TrainingJobDefinition: { StaticHyperParameters: { n_estimators: '50', cv: '5' } },
  })

  const attached = flagsOf<LaunchTuneFlags>(declareLaunchTune, [
    ...['--model-dir', join(folder, 'again'), ...fast],
  ])
  t.match(await saying(t, () => attachToTuning('j', attached)), /best {6}j[\s\S]*saved/)
  const started = flagsOf<LaunchTuneFlags>(declareLaunchTune, [
    ...[join(folder, 'a.csv'), '--target', 'y', '--no-wait', '--job-name', 's', ...fast],
  ])
  t.match(
    await saying(t, () => runTuningJob(started.files, started)),
    /next {6}shapserve sagemaker tune --attach s --model-dir model --region eu-central-1\n/,
  )
  aws.handlers['DescribeHyperParameterTuningJob'] = () => ({
    HyperParameterTuningJobStatus: 'Stopped',
    TrainingJobStatusCounters: { NonRetryableError: 2, Stopped: 1 },
  })
  await t.rejects(
    saying(t, () => attachToTuning('s', attached)),
    {
      message:
        /^the tuning job s has no best training: 2 failed, 1 were stopped; aws sagemaker list-/,
    },
  )
})

t.test(
  'a transform gets its rows in parts with their header, and the answers in order',
  async (t) => {
    const aws = await standIn(t)
    const prefix = `${bucket}/shapserve/j`
    const folder = t.testdir()
    const row = `3,${'x'.repeat(1000)}`
    const rows = Array.from({ length: 6000 }, (_, i) => `${i},${row}`)
    await writeFile(join(folder, 'rows.csv'), `id,a,b\n${rows.join('\n')}\n`)
    aws.handlers['DescribeModel'] = () => {
      throw new Refusal('ValidationException', 'Could not find model')
    }
    aws.handlers['CreateModel'] = () => ({})
    aws.handlers['DeleteModel'] = () => ({})
    aws.handlers['CreateTransformJob'] = () => {
      for (const [key, bytes] of [...aws.objects].filter(([name]) =>
        name.startsWith(`${prefix}/input/`),
      )) {
        const [header, ...lines] = bytes.toString().trimEnd().split('\n')
        t.equal(header, 'id,a,b', key)
        const ids = lines.map((line) => line.split(',')[0])
        aws.objects.set(`${key.replace('/input/', '/output/')}.out`, Buffer.from(ids.join('\n')))
      }
    }
    aws.handlers['DescribeTransformJob'] = () => ({ TransformJobStatus: 'Completed' })
    const out = join(folder, 'out.csv')
    const transform = (args: readonly string[]) => {
      const flags = flagsOf<TransformFlags>(declareLaunchTransform, [
        ...[checkpoint, join(folder, 'rows.csv'), '--job-name', 'j', ...args, ...fast],
      ])
      return saying(t, () =>
        runTransform(flags.files[0] as string, flags.files[1] as string, flags),
      )
    }
    await transform(['--out', out])
    t.equal(await readFile(out, 'utf8'), `${rows.map((_, i) => i).join('\n')}\n`)
    const parts = [...aws.objects.keys()].filter((key) => key.startsWith(`${prefix}/input/`))
    t.equal(parts.length, 2)
    t.match(aws.inputs.get('CreateTransformJob'), {
      TransformInput: { ContentType: 'text/csv;header=present', SplitType: 'None' },
      MaxPayloadInMB: 6,
    })
    t.ok(aws.asked.includes('DeleteModel'), 'the model was for the job alone')
    t.equal(aws.asked.filter((action) => action === 'HEADBucket').length, 1)

    t.match(
      await transform(['--no-wait']),
      /next {6}shapserve sagemaker transform --attach j --out answers --region eu-central-1\n/,
    )
    const later = flagsOf<TransformFlags>(declareLaunchTransform, [
      ...['--out', join(folder, 'later.csv'), ...fast],
    ])
    aws.handlers['DescribeTransformJob'] = () => ({
      TransformJobStatus: 'Completed',
      ModelName: 'j',
      TransformOutput: { S3OutputPath: `s3://${prefix}/output` },
    })
    aws.asked.length = 0
    await saying(t, () => attachToTransform('j', later))
    t.same(await readFile(join(folder, 'later.csv')), await readFile(out))
    t.ok(aws.asked.includes('DeleteModel'), 'nobody else would')

    aws.handlers['CreateTransformJob'] = () => ({})
    aws.handlers['DescribeTransformJob'] = () => ({
      TransformJobStatus: 'Failed',
      FailureReason: 'ClientError: See job logs',
    })
    aws.asked.length = 0
    await t.rejects(transform([]), {
      message: 'the transform job j failed: ClientError: See job logs',
    })
    t.ok(aws.asked.includes('DeleteModel'))
    await t.rejects(transform(['--explain', '--format', 'csv']), { message: /are jsonl/ })
    await t.rejects(transform(['--out', out, '--no-wait']), { message: /leave out --no-wait/ })
  },
)
