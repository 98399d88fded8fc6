/** `shapserve sagemaker deploy`: a model behind an endpoint, new or updated. */
import type { Command } from 'commander'
import { collect, listChoices, publicKeyOption } from '../../shared-flags.ts'
import { type DeployFlags, trafficKinds } from './deploy-flags.ts'
import { addResourceFlags } from './launch-flags.ts'

export function declareLaunchDeploy(group: Command): void {
  const command = group
    .command('deploy')
    .description('put a model behind an endpoint, or another one behind an endpoint that is there')
    .argument(
      '<model...>',
      'model directory, model.tar.gz, or s3:// address of one; several with --multi-model',
    )
    .option('--endpoint-name <name>', 'name of the endpoint (default: by the name of the model)')
    .option('--instance <type>', 'machine (default: ml.m5.large)')
    .option('--count <number>', 'machines (default: 1)')
    .option('--serverless', 'no machines: what is needed at the time')
    .option('--memory <mb>', 'with --serverless, 1024, 2048 … 6144 (default: 2048)')
    .option('--max-concurrency <number>', 'requests at once, serverless or async, per machine')
    .option('--provisioned <number>', 'with --serverless, so many kept warm')
    .option('--async', 'requests and answers lie in S3; an answer may take an hour')
    .option('--multi-model', 'many models, which are loaded when they are asked for')
    .option('--capture', 'keep requests and answers in S3')
    .option('--capture-percent <share>', 'with --capture, so many of 100 requests (default: 100)')
    .option('--env <name=value>', 'setting of serve; may be repeated', collect)
    .option(
      '--traffic <kind>',
      `how an update moves requests to the new machines: ${listChoices(trafficKinds)} (default: all-at-once)`,
    )
    .option('--step-size <percent>', 'share that canary or a step of linear moves (default: 10)')
    .option('--step-wait <seconds>', 'time between two steps of an update (default: 300)')
    .option(
      '--alarm <name>',
      'alarm of CloudWatch that rolls an update back; may be repeated',
      collect,
    )
    .option('--again', 'deploy what is deployed already, such as an image whose tag has moved')
    .addOption(publicKeyOption())
  addResourceFlags(command)
    .option('--no-wait', 'ask for it and end')
    .option('--json', 'the endpoint as JSON')
    .action(async (models: string[], flags: DeployFlags) => {
      const { runDeploy } = await import('./run-deploy.ts')
      await runDeploy(models, flags)
    })
}
