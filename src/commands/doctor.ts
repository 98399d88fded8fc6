/** `shapserve doctor`: what SageMaker would find of a model directory or of a running service. */
import type { Command } from 'commander'
import type { DoctorFlags } from './doctor/run-doctor.ts'
import { DEFAULT_MODEL_DIR } from './shared-flags.ts'

export function declareDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'run the checks that SageMaker would: start, ping, invocations, explanations, stop',
    )
    .argument(
      '[target]',
      'a model directory, or the URL of a running service',
      process.env.SM_MODEL_DIR || DEFAULT_MODEL_DIR,
    )
    .option('--token-file <file>', 'file whose first line is sent as the bearer token')
    .option('--json', 'the checks as JSON')
    .action(async (target: string, flags: DoctorFlags) => {
      const { runDoctor } = await import('./doctor/run-doctor.ts')
      if (!(await runDoctor(target, flags))) process.exitCode = 1
    })
}
