/** `shapserve sagemaker`: trains, deploys, asks and deletes on SageMaker, by AWS's SDK. */
import type { Command } from 'commander'
import { declareLaunchDelete } from './sagemaker/launcher/launch-delete.ts'
import { declareLaunchDeploy } from './sagemaker/launcher/launch-deploy.ts'
import { declareLaunchExplain, declareLaunchPredict } from './sagemaker/launcher/launch-rows.ts'
import { declareLaunchTrain } from './sagemaker/launcher/launch-train.ts'

export function declareSageMaker(program: Command): void {
  const group = program
    .command('sagemaker')
    .description('train, deploy and ask on SageMaker: jobs, endpoints, batch transform')
    .showSuggestionAfterError()
  declareLaunchTrain(group)
  declareLaunchDeploy(group)
  declareLaunchPredict(group)
  declareLaunchExplain(group)
  declareLaunchDelete(group)
}
