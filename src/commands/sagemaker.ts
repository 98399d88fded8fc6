/** `shapserve sagemaker`: trains, deploys, asks and deletes on SageMaker, by AWS's SDK. */
import type { Command } from 'commander'
import { declareLaunchDelete } from './sagemaker/launcher/launch-delete.ts'
import { declareLaunchDeploy } from './sagemaker/launcher/launch-deploy.ts'
import { declareLaunchPush } from './sagemaker/launcher/launch-push.ts'
import { declareLaunchExplain, declareLaunchPredict } from './sagemaker/launcher/launch-rows.ts'
import { declareLaunchTrain } from './sagemaker/launcher/launch-train.ts'
import { declareLaunchTransform } from './sagemaker/launcher/launch-transform.ts'
import { declareLaunchTune } from './sagemaker/launcher/launch-tune.ts'

/** What adds each command, in the order in which --help shows them. */
const declarations = [
  declareLaunchPush,
  declareLaunchTrain,
  declareLaunchTune,
  declareLaunchDeploy,
  declareLaunchPredict,
  declareLaunchExplain,
  declareLaunchTransform,
  declareLaunchDelete,
]

export function declareSageMaker(program: Command): void {
  const group = program
    .command('sagemaker')
    .description('train, deploy and ask on SageMaker: jobs, endpoints, batch transform')
    .showSuggestionAfterError()
  for (const declare of declarations) declare(group)
}
