/** The flags that say on which machine a job runs, and how long. */
import { type Command, Option } from 'commander'
import { InputError, quote } from '../../../errors.ts'
import { readWhole } from '../../setting-values.ts'
import type { Machine } from './training-job.ts'

/** Their values, as they were typed. */
export interface MachineFlags {
  readonly instance: string
  readonly volumeSize: string
  readonly maxRuntime: string
  readonly spot?: true
  readonly maxWait?: string
}

/** A day, which is what SageMaker takes where nothing is said. */
const MAX_RUNTIME = 86_400
/** The longest that SageMaker takes: 28 days. */
const LONGEST = 2_419_200

/** Returns the flag that names a machine. */
export function instanceOption(): Option {
  return new Option('--instance <type>', 'machine, such as ml.m5.large').default('ml.m5.large')
}

/** Adds the flags of a training's machine. */
export function addMachineFlags(command: Command): Command {
  return command
    .addOption(instanceOption())
    .option('--volume-size <gb>', 'GB of its disk', '30')
    .option('--max-runtime <seconds>', 'end a training after so long', String(MAX_RUNTIME))
    .option('--spot', 'use spare capacity, which is cheaper and may be taken away')
    .option(
      '--max-wait <seconds>',
      'with --spot, end after so long with waiting (default: twice --max-runtime)',
    )
}

/** @throws InputError `invalid_option`, `invalid_parameter` */
export function readMachine(flags: MachineFlags): Machine {
  const maxRuntime = readWhole('--max-runtime', flags.maxRuntime, 1, LONGEST)
  if (flags.maxWait !== undefined && !flags.spot)
    throw new InputError('invalid_option', '--max-wait is for spare capacity; add --spot')
  return {
    instance: readInstance(flags.instance),
    volumeGb: readWhole('--volume-size', flags.volumeSize, 1, 16_384),
    maxRuntime,
    maxWait: flags.spot
      ? readWhole(
          '--max-wait',
          flags.maxWait ?? Math.min(2 * maxRuntime, LONGEST),
          maxRuntime,
          LONGEST,
        )
      : undefined,
  }
}

/** @throws InputError `invalid_option` */
export function readInstance(type: string): string {
  if (/^ml\.[a-z0-9-]+\.[a-z0-9]+$/.test(type)) return type
  throw new InputError(
    'invalid_option',
    `--instance is ${quote(type)}, expected a type such as ml.m5.large`,
  )
}
