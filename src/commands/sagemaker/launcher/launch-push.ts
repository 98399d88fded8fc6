/** `shapserve sagemaker push`: the image of a Dockerfile in ECR. */
import { type Command, Option } from 'commander'
import { builderNames } from './builders.ts'
import { addAccountFlags } from './launch-flags.ts'
import type { PushFlags } from './run-push.ts'

export function declareLaunchPush(group: Command): void {
  const command = group
    .command('push')
    .description('build the image with docker, podman or buildah, and push it to ECR')
    .argument('[dir]', 'directory of the Dockerfile', '.')
    .option('--repository <name>', 'repository in ECR, made where it is missing', 'shapserve')
    .option('--image-tag <tag>', 'tag of the image (default: the version of shapserve)')
    .option('--image <local>', 'push this image of the builder, instead of building one')
    .addOption(
      new Option('--builder <name>', 'default: the first one that is there').choices(builderNames),
    )
    .option(
      '--platform <name>',
      'linux/amd64, or linux/arm64 for machines with Graviton',
      'linux/amd64',
    )
  addAccountFlags(command)
    .option('--json', 'the address of the image as JSON')
    .action(async (directory: string, flags: PushFlags) => {
      const { runPush } = await import('./run-push.ts')
      await runPush(directory, flags)
    })
}
