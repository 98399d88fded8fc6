/** `shapserve monitor`: whether live rows, and why the model answers them as it does, are still those of training. */
import type { Command } from 'commander'
import { defaultThresholds, type Thresholds } from '../evaluation/drift/violations.ts'
import type { MonitorFlags } from './monitor/monitor-request.ts'
import { collect, labelsOption, modelDirOption, publicKeyOption } from './shared-flags.ts'

/** The flag of every threshold, and what it means. */
const thresholdFlags: Readonly<Record<keyof Thresholds, readonly [flag: string, help: string]>> = {
  psi: ['--psi <number>', 'population stability index of a column'],
  jensenShannon: ['--js <number>', 'Jensen-Shannon distance of a column; 1 = whatever it is'],
  missing: ['--missing <share>', 'difference of the share of missing cells'],
  unknown: ['--unknown <share>', 'how much larger the share of unknown categories may be'],
  outside: ['--out-of-range <share>', 'how much larger the share of numbers out of range may be'],
  prediction: [
    '--prediction-psi <number>',
    'population stability index of scores and of predicted classes',
  ],
  ndcg: ['--ndcg <number>', 'least score of the order in which columns matter'],
  unreadable: ['--unreadable <share>', 'share of records that are no rows of the model'],
  alpha: ['--alpha <number>', 'probability of a false alarm in one run'],
}

export function declareMonitor(program: Command): void {
  const command = program
    .command('monitor')
    .description('compare captured or other live rows with the training rows of a model')
    .argument(
      '<captures...>',
      "files of SageMaker's data capture or of serve --capture, other files of rows, directories of them; - = standard input",
    )
    .addOption(modelDirOption())
    .addOption(publicKeyOption())
    .option('--baseline <file>', 'compare with these rows instead of those of training')
    .option('--any-model', 'take records of other models, too')
    .option('--no-header', 'CSV files have no header: their fields are the columns of the model')
    .option('--json', 'write everything that was measured as JSON')
    .option('--output <dir>', 'directory for constraint_violations.json and drift.json')
    .option('--html <file>', 'page about it, as one file')
    .addOption(labelsOption('for this run'))
    .option('--sample <rows>', 'rows whose predictions are compared', '10000')
    .option('--explain-rows <rows>', 'rows of them that are explained; 0 = none', '1000')
    .option('--seed <number>', 'which rows these are', '0')
  for (const [key, [flag, help]] of Object.entries(thresholdFlags))
    command.option(flag, help, String(defaultThresholds[key as keyof Thresholds]))
  command.option('--ignore <column>', 'leave a column out; may be repeated', collect)
  command.action(async (captures: string[], flags: MonitorFlags) => {
    const { runMonitor } = await import('./monitor/run-monitor.ts')
    await runMonitor(captures, flags)
  })
}
