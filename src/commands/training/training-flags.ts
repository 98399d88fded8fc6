/** The flags that `train` and `tune` have in common. */
import type { Command } from 'commander'
import { dateOrders } from '../../data/date-text.ts'
import {
  DEFAULT_ENGINE,
  DEFAULT_ESTIMATOR,
  engines,
  estimatorNames,
} from '../../training/choose-estimator.ts'
import { addConfigFlag } from '../config/config-flag.ts'
import { addReadingFlags, type ReadingFlags } from '../reading-flags.ts'
import { collect, labelsOption, listChoices, modelDirOption } from '../shared-flags.ts'

/** Their values, as they were typed. */
export interface TrainingFlags extends ReadingFlags {
  readonly target?: string
  readonly positive?: string
  readonly bins?: string
  readonly weight?: string
  readonly plan?: string
  readonly estimator: string
  readonly engine: string
  readonly modelDir: string
  readonly force?: true
  readonly set?: readonly string[]
  readonly numeric?: readonly string[]
  readonly ordinal?: readonly string[]
  readonly nominal?: readonly string[]
  readonly indicator?: readonly string[]
  readonly merge?: readonly string[]
  readonly id?: readonly string[]
  readonly drop?: readonly string[]
  readonly missingValues?: string
  readonly treatAsMissing?: readonly string[]
  readonly numberFormat?: readonly string[]
  readonly dateFormat?: readonly string[]
  readonly cyclic?: readonly string[]
  readonly validation?: readonly string[]
  readonly background?: string
  readonly testSize?: string
  readonly seed: string
  readonly dropMissingLabel?: true
  readonly mistakes: boolean
  readonly labels?: string
  readonly json?: true
  readonly quiet?: true
}

/** Adds the files and flags that say what to train on. */
export function addTrainingFlags(command: Command): Command {
  const describedEngines = Object.entries(engines).map(
    ([name, { description }]) => `${name}: ${description}`,
  )
  command
    .argument(
      '[files...]',
      'training files (.csv, .tsv, .txt, .json, .jsonl, .xlsx; also .gz and .zip; .parquet)',
    )
    .option('--target <column>', 'column to predict')
    .option('--positive <class>', 'of two classes the one whose probability is the score')
    .option('--bins <number>', 'classes of as many rows each, made of a numeric target')
    .option('--weight <column>', 'column that says how much a row counts in training')
    .option('--plan <file>', 'column plan as JSON, instead of an inferred one')
    .option('--estimator <name>', listChoices(estimatorNames), DEFAULT_ESTIMATOR)
    .option('--engine <name>', describedEngines.join('; '), DEFAULT_ENGINE)
    .addOption(modelDirOption())
    .option('--force', 'write the model into a directory that holds something else')
    .option('--set <name=value>', 'estimator parameter; may be repeated', collect)
    .option(
      '--numeric <column>',
      'use a column as a number; may be repeated, as the next ones',
      collect,
    )
    .option(
      '--ordinal <column>',
      'use a column as ordered categories, also with their order: size=small,medium,large',
      collect,
    )
    .option('--nominal <column>', 'use a column as categories', collect)
    .option('--indicator <column>', 'use only whether a column has a value', collect)
    .option('--merge <column>', 'take spellings of one category for one', collect)
    .option('--id <column>', 'leave a column out as an identifier', collect)
    .option('--drop <column>', 'leave a column out', collect)
    .option(
      '--missing-values <list>',
      'texts that mean missing in every column, separated by commas, instead of the known ones (-, ?, none …)',
    )
    .option(
      '--treat-as-missing <value>',
      'one more of them, also a number; may be repeated',
      collect,
    )
    .option(
      '--number-format <column=example>',
      'how a column writes numbers: 1.234,5 or 1,234.5 or 1234,5 with a unit, as in "1.234,5 kg"; may be repeated',
      collect,
    )
    .option(
      '--date-format <column=order>',
      `how a column writes dates: ${dateOrders.join(', ')}; may be repeated`,
      collect,
    )
    .option(
      '--cyclic <column>',
      'month, weekday and hour of its dates go round; may be repeated',
      collect,
    )
    .option('--validation <file>', 'file to measure the model on; may be repeated', collect)
    .option(
      '--background <file>',
      'rows to explain against, instead of a sample of the training rows',
    )
  addReadingFlags(command, 'CSV has no header: the columns are c1, c2 …')
  addConfigFlag(command)
  return command
    .option(
      '--test-size <share>',
      'share of the rows kept for testing (default: 0.2, or 0 with --validation)',
    )
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--drop-missing-label', 'leave out rows without a label')
    .option('--no-mistakes', 'store none of the rows that are predicted wrongly')
    .addOption(labelsOption('stored'))
    .option('--json', 'one JSON object on standard output')
    .option('--quiet', 'no progress and no table')
}
