/** Endpoints from the first deployment to the last deletion, and rows that are asked of them: the real SDK on loopback. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { optionsOfFlags } from '../../../../src/answering/explain-options.ts'
import { runRows } from '../../../../src/commands/rows/run-rows.ts'
import type { DeployFlags } from '../../../../src/commands/sagemaker/launcher/deploy-flags.ts'
import { declareLaunchDelete } from '../../../../src/commands/sagemaker/launcher/launch-delete.ts'
import { declareLaunchDeploy } from '../../../../src/commands/sagemaker/launcher/launch-deploy.ts'
import { declareLaunchPush } from '../../../../src/commands/sagemaker/launcher/launch-push.ts'
import {
  declareLaunchExplain,
  declareLaunchPredict,
} from '../../../../src/commands/sagemaker/launcher/launch-rows.ts'
import type { InvokeFlags } from '../../../../src/commands/sagemaker/launcher/rows-flags.ts'
import {
  type DeleteFlags,
  runDelete,
} from '../../../../src/commands/sagemaker/launcher/run-delete.ts'
import { runDeploy } from '../../../../src/commands/sagemaker/launcher/run-deploy.ts'
import { runInvoke } from '../../../../src/commands/sagemaker/launcher/run-invoke.ts'
import { type PushFlags, runPush } from '../../../../src/commands/sagemaker/launcher/run-push.ts'
import { readModelDirectory } from '../../../../src/model-directory/read.ts'
import { root } from '../../../command.ts'
import { buildTestApp, checkpoint } from '../../../helper.ts'
import { account, flagsOf } from './flags.ts'
import { saying } from './saying.ts'
import { Refusal, type StandIn, standIn } from './stand-in.ts'

const fast = ['--poll-seconds', '0.01']

/** Resources as SageMaker keeps them, behind a stand-in. */
function keepResources(aws: StandIn) {
  const kinds = { Model: new Map(), EndpointConfig: new Map(), Endpoint: new Map() } as Record<
    string,
    Map<string, Record<string, unknown>>
  >
  const states: string[] = []
  for (const [kind, kept] of Object.entries(kinds)) {
    const nameOf = (input: Record<string, unknown>) => String(input[`${kind}Name`])
    const find = (input: Record<string, unknown>) => {
      const found = kept.get(nameOf(input))
      if (found) return found
      throw new Refusal(
        'ValidationException',
        `Could not find ${kind.toLowerCase()} "${nameOf(input)}".`,
      )
    }
    aws.handlers[`Create${kind}`] = (input) => {
      kept.set(nameOf(input), { ...input, [`${kind}Arn`]: `arn:${kind}:${nameOf(input)}` })
    }
    aws.handlers[`Describe${kind}`] = find
    aws.handlers[`Delete${kind}`] = (input) => {
      find(input)
      kept.delete(nameOf(input))
    }
    aws.handlers[`List${kind}s`] = ({ NameContains }) => ({
      [`${kind}s`]: [...kept.values()].filter((one) => nameOf(one).includes(String(NameContains))),
    })
  }
  aws.handlers['ListTags'] = ({ ResourceArn }) => {
    const all = Object.entries(kinds).flatMap(([kind, kept]) =>
      [...kept.values()].map((one) => ({ arn: one[`${kind}Arn`], tags: one['Tags'] })),
    )
    return { Tags: all.find(({ arn }) => arn === ResourceArn)?.tags ?? [] }
  }
  const describe = aws.handlers['DescribeEndpoint']!
  aws.handlers['DescribeEndpoint'] = (input) => {
    const found = describe(input) as Record<string, unknown>
    return {
      EndpointStatus: states.length > 1 ? states.shift() : (states[0] ?? 'InService'),
      ...found,
    }
  }
  aws.handlers['UpdateEndpoint'] = (input) => {
    const found = kinds['Endpoint']?.get(String(input['EndpointName']))
    if (found) found['EndpointConfigName'] = input['EndpointConfigName']
  }
  return { ...kinds, states } as {
    readonly Model: Map<string, Record<string, unknown>>
    readonly EndpointConfig: Map<string, Record<string, unknown>>
    readonly Endpoint: Map<string, Record<string, unknown>>
    readonly states: string[]
  }
}

async function deploy(t: Test, args: readonly string[]) {
  const flags = flagsOf<DeployFlags>(declareLaunchDeploy, [...args, ...account, ...fast])
  return await saying(t, () => runDeploy(flags.files, flags))
}

async function remove(t: Test, args: readonly string[]) {
  const flags = flagsOf<DeleteFlags>(declareLaunchDelete, [...args, ...fast])
  return await saying(t, () => runDelete(flags.files[0] as string, flags))
}

t.test('a model is deployed, found again, replaced and deleted', async (t) => {
  const aws = await standIn(t)
  const kept = keepResources(aws)
  kept.states.push('Creating', 'InService')
  const first = await deploy(t, [checkpoint])
  t.match(first, /status {4}Creating/)
  t.match(first, /next {6}shapserve sagemaker predict shapserve-model-checkpoint FILE/)
  const created = aws.asked.filter((action) => /Create|PUT/.test(action))
  t.same(created, [
    'PUTBucket',
    'PUTObject',
    'CreateModel',
    'CreateEndpointConfig',
    'CreateEndpoint',
  ])
  const [[key, archive]] = [...aws.objects] as [[string, Buffer]]
  const [model] = [...kept.Model.values()]
  t.match(model, { PrimaryContainer: { ModelDataUrl: `s3://${key}` } })
  const folder = t.testdir({ 'model.tar.gz': archive })
  const { artifact } = await readModelDirectory(join(folder, 'model.tar.gz'))
  t.equal(artifact.modelId, (await readModelDirectory(checkpoint)).artifact.modelId)

  aws.asked.length = 0
  t.match(await deploy(t, [checkpoint]), /has it already/)
  t.notMatch(aws.asked.join(), /Create|Update/)
  t.equal(aws.objects.size, 1, 'the same model has the same address')
  const fromArchive = ['--endpoint-name', 'shapserve-model-checkpoint']
  t.match(await deploy(t, [join(folder, 'model.tar.gz'), ...fromArchive]), /has it already/)

  aws.asked.length = 0
  t.match(await deploy(t, [checkpoint, '--env', 'A=b']), /is updated[\s\S]*kept/)
  t.same(
    aws.asked.filter((action) => /Create|Update/.test(action)),
    ['CreateModel', 'CreateEndpointConfig', 'UpdateEndpoint'],
  )
  t.equal(kept.Model.size, 2)

  kept.Model.set('shapserve-model-checkpoint-x', {
    ModelName: 'shapserve-model-checkpoint-x',
    ModelArn: 'arn:other',
  })
  aws.asked.length = 0
  const gone = await remove(t, ['shapserve-model-checkpoint'])
  t.match(gone, /deleted {3}endpoint shapserve-model-checkpoint\n/)
  t.same([...kept.Model.keys()], ['shapserve-model-checkpoint-x'], 'what is not ours stays')
  t.equal(kept.EndpointConfig.size + kept.Endpoint.size, 0)
  await t.rejects(remove(t, ['shapserve-model-checkpoint']), { message: /there is no endpoint/ })
})

t.test('nothing is left of a deployment that fails', async (t) => {
  const aws = await standIn(t)
  const kept = keepResources(aws)
  const { CreateEndpointConfig: config } = aws.handlers
  aws.handlers['CreateEndpointConfig'] = () => {
    throw new Refusal('ResourceLimitExceeded', 'no ml.m5.large left')
  }
  await t.rejects(deploy(t, [checkpoint]), { message: /^the account's quota is used up/ })
  t.equal(kept.Model.size, 0)
  aws.handlers['CreateEndpointConfig'] = config!
  const { CreateEndpoint: create } = aws.handlers
  aws.handlers['CreateEndpoint'] = (input) => {
    create!({ ...input, FailureReason: 'The container did not pass the ping health check' })
  }
  kept.states.push('Creating', 'Failed')
  await t.rejects(deploy(t, [checkpoint]), {
    message: /is Failed: The container did not pass the ping health check; shapserve doctor/,
  })
  t.equal(kept.Model.size + kept.EndpointConfig.size + kept.Endpoint.size, 0)
})

t.test('an update that is rolled back says so, and takes back its own', async (t) => {
  const aws = await standIn(t)
  const kept = keepResources(aws)
  await deploy(t, [checkpoint])
  const before = [...kept.EndpointConfig.keys()]
  aws.handlers['UpdateEndpoint'] = () => {
    const [endpoint] = kept.Endpoint.values()
    if (endpoint) endpoint['FailureReason'] = 'alarm a is in ALARM'
  }
  await t.rejects(deploy(t, [checkpoint, '--env', 'A=b', '--alarm', 'a']), {
    message: /was rolled back to shapserve-model-checkpoint-[0-9a-f]+: alarm a is in ALARM$/,
  })
  t.same([...kept.EndpointConfig.keys()], before)
  t.equal(kept.Model.size, 1)
  kept.states.push('Updating')
  await t.rejects(deploy(t, [checkpoint, '--env', 'A=b']), { message: /is Updating; try again/ })
  const [endpoint] = kept.Endpoint.values() as unknown as [Record<string, unknown>]
  const wanted = aws.inputs.get('CreateEndpointConfig')?.['EndpointConfigName']
  endpoint['PendingDeploymentSummary'] = { EndpointConfigName: wanted }
  kept.states.push('Updating', 'InService')
  aws.asked.length = 0
  await t.rejects(deploy(t, [checkpoint, '--env', 'A=b', '--alarm', 'a']), /was rolled back/)
  t.notMatch(aws.asked.join(), /Create|UpdateEndpoint/, 'its own update is followed')
})

t.test('an endpoint that has failed says why, and is deleted with patience', async (t) => {
  const aws = await standIn(t)
  const kept = keepResources(aws)
  await deploy(t, [checkpoint])
  const [name] = kept.Endpoint.keys() as unknown as [string]
  const endpoint = kept.Endpoint.get(name) as Record<string, unknown>
  endpoint['FailureReason'] = 'The image does not exist.'
  kept.states.push('Failed')
  await t.rejects(deploy(t, [checkpoint]), {
    message: /is Failed: The image does not exist; shapserve sagemaker delete .* removes it/,
  })
  const { DeleteEndpoint: gone } = aws.handlers
  const then = (states: readonly string[], end: () => unknown) => {
    kept.states.splice(0, kept.states.length, ...states)
    aws.handlers['DeleteEndpoint'] = () => {}
    const describe = aws.handlers['DescribeEndpoint']!
    aws.handlers['DescribeEndpoint'] = (input) => {
      if (kept.states.length === 1) end()
      return describe(input)
    }
  }
  then(['Failed', 'Failed', 'Deleting', 'Failed'], () => {})
  await t.rejects(remove(t, [name]), { message: /cannot be deleted: The image does not exist/ })
  t.equal(kept.EndpointConfig.size, 1, 'what it uses stays')
  then(['Failed', 'Failed', 'Deleting', 'Deleting'], () => {
    if (kept.Endpoint.has(name)) gone!({ EndpointName: name })
  })
  await remove(t, [name])
  t.equal(kept.EndpointConfig.size + kept.Model.size, 0)
})

t.test('what deploy did not make is deleted by force only', async (t) => {
  const aws = await standIn(t)
  const kept = keepResources(aws)
  const other = { EndpointName: 'other', EndpointConfigName: 'theirs', EndpointArn: 'arn:other' }
  kept.Endpoint.set('other', other)
  kept.EndpointConfig.set('theirs', { EndpointConfigName: 'theirs', EndpointConfigArn: 'arn:x' })
  await t.rejects(remove(t, ['other']), { message: /--force/ })
  t.equal(kept.Endpoint.size, 1)
  await remove(t, ['other', '--force'])
  t.equal(kept.Endpoint.size + kept.EndpointConfig.size, 0)
})

t.test('a broken model is not uploaded', async (t) => {
  const aws = await standIn(t)
  keepResources(aws)
  const folder = t.testdir({ 'manifest.json': '{}' })
  await t.rejects(deploy(t, [folder]), { name: 'ArtifactError' })
  await t.rejects(deploy(t, [checkpoint, folder]), { message: /--multi-model/ })
  t.same(aws.asked, [])
})

t.test('an endpoint answers what predict and explain answer here', async (t) => {
  const aws = await standIn(t)
  keepResources(aws).Endpoint.set('e', { EndpointName: 'e' })
  const app = await buildTestApp(t)
  let requests = 0
  aws.invoke = async ({ headers, body }) => {
    requests++
    const kept = ['content-type', 'accept', 'x-amzn-sagemaker-custom-attributes']
    const answer = await app.inject({
      method: 'POST',
      url: '/invocations',
      headers: Object.fromEntries(
        kept.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])),
      ),
      payload: body,
    })
    return { status: answer.statusCode, body: answer.rawPayload }
  }
  const folder = t.testdir()
  const table = (await readFile(join(root, 'data/titanic.csv'), 'utf8')).split('\n').slice(0, 60)
  await writeFile(join(folder, 'rows.csv'), table.join('\n'))
  // Two rows, because one alone has a kernel of its own, with other last bits.
  const row = { Pclass: 3, Name: 'A, Mr. B', Sex: 'male', Age: 3, SibSp: 0, Parch: 0 }
  const json = JSON.stringify([row, { ...row, Age: null }])
  await writeFile(join(folder, 'rows.json'), json)
  await writeFile(join(folder, 'bare.csv'), '3,"A, Mr. B",male,3,0,0\n1,"B, Miss. C",female,,0,1\n')
  const cases: [
    file: string,
    operation: 'predict' | 'explain',
    args: string[],
    isParted: boolean,
  ][] = [
    ['rows.csv', 'predict', [], true],
    ['rows.csv', 'predict', ['--format', 'jsonl'], true],
    ['rows.csv', 'predict', ['--format', 'json'], false],
    ['rows.csv', 'explain', [], true],
    ['rows.csv', 'explain', ['--format', 'jsonl', '--contributions', '--top', '2'], true],
    ['rows.csv', 'explain', ['--interactions', '--output', 'all'], true],
    ['rows.json', 'explain', ['--output', 'predicted'], false],
    ['rows.json', 'explain', ['--counterfactual', '1'], false],
    ['bare.csv', 'predict', ['--no-header'], false],
  ]
  for (const [file, operation, args, isParted] of cases) {
    const what = [operation, file, ...args].join(' ')
    const declare = operation === 'predict' ? declareLaunchPredict : declareLaunchExplain
    const [here, there] = [join(folder, 'here'), join(folder, 'there')]
    const flags = flagsOf<InvokeFlags>(declare, [
      ...['e', join(folder, file), '--out', there, '--batch-bytes', '700', '--jobs', '3'],
      ...args,
      ...fast,
    ])
    const options = operation === 'explain' ? optionsOfFlags({ ...flags }) : []
    const { format } = flags
    requests = 0
    await saying(t, () =>
      runInvoke({ operation, endpoint: 'e', file: join(folder, file), options }, flags),
    )
    t.equal(requests > 1, isParted, what)
    await saying(t, () =>
      runRows({
        ...{ operation, options, format, jobs: 1, partBytes: 700, out: here },
        ...{ file: join(folder, file), modelDir: checkpoint, hasNoHeader: !flags.header },
      }),
    )
    t.equal(await readFile(there, 'utf8'), await readFile(here, 'utf8'), what)
  }

  await writeFile(
    join(folder, 'wrong.csv'),
    [...table, '1,,3,"A, Mr. B",male,old,0,0,,,,'].join('\n'),
  )
  const wrong = flagsOf<InvokeFlags>(declareLaunchPredict, [
    ...[
      'e',
      join(folder, 'wrong.csv'),
      '--out',
      join(folder, 'none'),
      '--batch-bytes',
      '700',
      ...fast,
    ],
  ])
  const request = { operation: 'predict' as const, endpoint: 'e', file: join(folder, 'wrong.csv') }
  await t.rejects(
    runInvoke({ ...request, options: [] }, wrong),
    { message: /^row 60\b/ },
    'the row of the file',
  )
  await t.rejects(readFile(join(folder, 'none')), 'no half answer')
})

t.test('an asynchronous endpoint is asked through S3', async (t) => {
  const aws = await standIn(t)
  const AsyncInferenceConfig = { OutputConfig: { S3OutputPath: 's3://b-b/e/async/answers' } }
  keepResources(aws).Endpoint.set('e', { EndpointName: 'e', AsyncInferenceConfig })
  const folder = t.testdir({ 'rows.csv': 'a,b\n1,2\n' })
  // The runtime names the place of the answer at once; it lies there a moment later.
  aws.invoke = async () => ({ status: 500, body: Buffer.from('') })
  aws.answerAsync = (location) => {
    setTimeout(() => aws.objects.set('b-b/e/async/answers/1.out', Buffer.from('0.5')), 50)
    t.equal(aws.objects.get(location.slice('s3://'.length))?.toString(), 'a,b\n1,2\n')
    return {
      OutputLocation: 's3://b-b/e/async/answers/1.out',
      FailureLocation: 's3://b-b/e/f/1.out',
    }
  }
  const out = join(folder, 'out.csv')
  const flags = flagsOf<InvokeFlags>(declareLaunchPredict, ['e', 'x', '--out', out, ...fast])
  const request = { operation: 'predict' as const, endpoint: 'e', options: [] }
  await runInvoke({ ...request, file: join(folder, 'rows.csv') }, flags)
  t.equal(await readFile(out, 'utf8'), '0.5\n')
  aws.objects.clear()
  aws.answerAsync = () => {
    aws.objects.set('b-b/e/f/1.out', Buffer.from('{"detail":"the header lacks column \\"Sex\\""}'))
    return {
      OutputLocation: 's3://b-b/e/async/answers/1.out',
      FailureLocation: 's3://b-b/e/f/1.out',
    }
  }
  await t.rejects(runInvoke({ ...request, file: join(folder, 'rows.csv') }, flags), {
    message: 'the header lacks column "Sex"',
  })
})

t.test('an image is pushed, and its password goes to the builder alone', async (t) => {
  const aws = await standIn(t)
  aws.handlers['GetAuthorizationToken'] = () => ({
    authorizationData: [
      {
        authorizationToken: Buffer.from('AWS:hunter2').toString('base64'),
        proxyEndpoint: 'https://123456789012.dkr.ecr.eu-central-1.amazonaws.com',
      },
    ],
  })
  aws.handlers['CreateRepository'] = () => {
    throw new Refusal('RepositoryAlreadyExistsException', 'it exists')
  }
  const folder = t.testdir({ Dockerfile: 'FROM scratch\n', bin: {}, empty: {} })
  const builder = (script: string) => writeFile(join(folder, 'bin/docker'), `#!/bin/sh\n${script}`)
  await builder(
    `echo "$@" >> ${folder}/calls; if [ "$1" = login ]; then cat >> ${folder}/stdin; fi\n`,
  )
  await chmod(join(folder, 'bin/docker'), 0o755)
  process.env.PATH = `${folder}/bin:${process.env.PATH}`
  const push = (args: readonly string[]) => {
    const flags = flagsOf<PushFlags>(declareLaunchPush, [...args, ...fast])
    return saying(t, () => runPush(flags.files[0] ?? '.', flags))
  }
  const said = await push([folder, '--image-tag', '1'])
  const target = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/shapserve:1'
  t.match(said, `next      export SHAPSERVE_IMAGE=${target}`)
  const calls = await readFile(join(folder, 'calls'), 'utf8')
  t.match(calls, new RegExp(`^build .*--tag ${target} .*\\nlogin .*\\npush ${target}\\nlogout `))
  t.notMatch(calls + said, 'hunter2')
  t.equal(await readFile(join(folder, 'stdin'), 'utf8'), 'hunter2')
  await builder('[ "$1" != push ] || exit 7\n')
  await t.rejects(push([folder]), { message: /^docker push failed with status 7/ })
  await t.rejects(push([join(folder, 'empty')]), { message: /there is no Dockerfile/ })
  await t.rejects(push([folder, '--repository', 'A B']), { message: /--repository is "A B"/ })
})
