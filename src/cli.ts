#!/usr/bin/env node
/** The executable: arguments, exit statuses, nothing else. Every command is loaded when it is asked for. */
import { Command, CommanderError, Option } from 'commander'
import { Interrupted } from './commands/training/interruption.ts'
import type { TrainRequest } from './commands/training/request.ts'
import { type Config, loadConfig, settings } from './config.ts'
import { ArtifactError, InputError, quote } from './errors.ts'
import { VERSION } from './version.ts'

/** 0 = done; 1 = something wrong in data, a model or a setting; 2 = wrong usage; 70 = a defect of ours. */
const EXIT = { done: 0, refused: 1, usage: 2, defect: 70 } as const

const DEFAULT_MODEL_DIR = 'model'

const modelDirOption = () =>
  new Option('--model-dir <dir>', 'directory of the model')
    .env('SM_MODEL_DIR')
    .default(DEFAULT_MODEL_DIR)

/** What `train` and `tune` are told alike. */
function addTrainingOptions(command: Command): Command {
  return command
    .argument('[files...]', 'training files (.csv, .jsonl, .parquet; also .gz)')
    .option('--target <column>', 'column to predict')
    .option('--weight <column>', 'column that says how much a row counts in training')
    .option('--plan <file>', 'column plan as JSON, instead of an inferred one')
    .option(
      '--estimator <name>',
      'logistic_regression, decision_tree or random_forest',
      'random_forest',
    )
    .option(
      '--engine <name>',
      'native: trees and logistic regression as in scikit-learn; mljs: the ml-* packages',
      'native',
    )
    .addOption(modelDirOption())
    .option('--set <name=value>', 'estimator parameter; may be repeated', collect)
    .option(
      '--numeric <column>',
      'use a column as a number; may be repeated, as the next ones',
      collect,
    )
    .option('--ordinal <column>', 'use a column as ordered categories', collect)
    .option('--nominal <column>', 'use a column as categories', collect)
    .option('--id <column>', 'leave a column out as an identifier', collect)
    .option('--drop <column>', 'leave a column out', collect)
    .option('--validation <file>', 'file to measure the model on; may be repeated', collect)
    .option(
      '--background <file>',
      'rows to explain against, instead of a sample of the training rows',
    )
    .option(
      '--test-size <share>',
      'share of the rows kept for testing (default: 0.2, or 0 with --validation)',
    )
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--drop-missing-label', 'leave out rows without a label')
    .option('--json', 'one JSON object on standard output')
    .option('--quiet', 'no progress and no table')
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

function buildProgram(): Command {
  const program = new Command('shapserve')
    .description('Trains, serves and explains tabular classifiers.')
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(shapserve --help shows the commands)')
    .exitOverride()

  addTrainingOptions(
    program
      .command('train')
      .description(
        "train a model on CSV, JSON Lines or Parquet; without FILE, on SageMaker's /opt/ml layout",
      ),
  )
    .option('--cv <folds>', 'also cross-validate on the training rows, in so many folds')
    .option('--cv-repeats <times>', 'part the rows into folds so many times', '1')
    .action(runTrain)

  addTrainingOptions(
    program
      .command('tune')
      .description('search parameters by cross-validation and train a model with the best'),
  )
    .option('--trials <number>', 'parameter settings to try', '30')
    .option(
      '--metric <name>',
      'what to search for (default: roc_auc of two classes, otherwise log_loss)',
    )
    .option('--folds <number>', 'folds of the cross-validation', '5')
    .option(
      '--search <method>',
      'halving: many trials on little, the best on more; random',
      'halving',
    )
    .action(runTune)

  program
    .command('metric-definitions')
    .description('print the metric definitions that a SageMaker job needs')
    .option('--json', 'as the JSON list of CreateTrainingJob')
    .action(async (options: { json?: true }) => {
      const { runMetricDefinitions } = await import('./commands/sagemaker/metric-definitions.ts')
      runMetricDefinitions(options.json === true)
    })

  const serve = program.command('serve').description('serve a model over HTTP')
  for (const setting of settings) {
    const text = `${setting.description} (${setting.env.join(', ')}; default ${setting.default})`
    serve.addOption(new Option(`${setting.flag} <value>`, text))
  }
  serve.action(async (options: Record<string, string>) => {
    const config = loadConfig(process.env, flagsByKey(options))
    const { runServe } = await import('./commands/serve.ts')
    const { sageMakerPaths } = await import('./commands/sagemaker/directories.ts')
    await runServe(config, sageMakerPaths(process.env).models)
  })

  for (const operation of ['predict', 'explain'] as const) {
    const command = program
      .command(operation)
      .description(
        operation === 'predict'
          ? 'predict the rows of a file'
          : 'explain the rows of a file by SHAP values',
      )
      .argument('<file>', 'rows as CSV, JSON, JSON Lines or Parquet; - = standard input')
      .addOption(modelDirOption())
      .option('--input-format <format>', 'csv, json, jsonl or parquet; default: by the file name')
      .option(
        '--format <format>',
        `csv, json${operation === 'explain' ? ', jsonl or svg' : ' or jsonl'}; default: as the input`,
      )
    command
      .option('--out <file>', 'file to write; - = standard output', '-')
      .option('--jobs <n>', 'threads; default: one per core')
    if (operation === 'explain') {
      command
        .option('--output <class>', 'class to explain, predicted, or all')
        .option('--space <space>', 'probability or log_odds')
        .option(
          '--method <method>',
          'tree_path_dependent, tree_interventional or linear_interventional',
        )
        .option('--level <level>', 'columns or features')
        .option('--top <k>', 'only the k largest values of a row')
        .option('--contributions', 'sorted lists for people instead of arrays')
        .option('--interactions', 'values of pairs of columns too')
        .option('--counterfactual <class>', 'the smallest change of every row that gives a class')
        .option('--max-changes <k>', 'most columns that a counterfactual changes')
        .option('--freeze <columns>', 'columns that a counterfactual leaves as they are')
        .option('--summary', 'one summary of all rows: per column and by its values')
    }
    command.action(async (file: string, options: Record<string, string | true>) => {
      const { runRows } = await import('./commands/rows.ts')
      const { readWhole } = await import('./commands/training/values.ts')
      const names = ['output', 'space', 'method', 'level', 'top', 'counterfactual', 'freeze']
      await runRows({
        operation,
        file,
        out: options.out as string,
        modelDir: options.modelDir as string,
        ...(typeof options.inputFormat === 'string' ? { inputFormat: options.inputFormat } : {}),
        ...(typeof options.format === 'string' ? { format: options.format } : {}),
        ...(typeof options.jobs === 'string'
          ? { jobs: readWhole('--jobs', options.jobs, 1, 256) }
          : {}),
        ...(options.summary === true ? { summary: true } : {}),
        options: [
          ...names.flatMap((name) =>
            options[name] === undefined ? [] : [[name, options[name]] as const],
          ),
          ...(options.maxChanges === undefined
            ? []
            : [['max_changes', options.maxChanges] as const]),
          ...(options.interactions === true ? [['interactions', true] as const] : []),
          ...(options.contributions === true ? [['format', 'contributions'] as const] : []),
        ],
      })
    })
  }

  program
    .command('inspect')
    .description('verify a model directory and show what is in it')
    .argument('[dir]', 'the directory', process.env.SM_MODEL_DIR || DEFAULT_MODEL_DIR)
    .option('--json', 'the model card as JSON')
    .action(async (directory: string, options: { json?: true }) => {
      const { runInspect } = await import('./commands/inspect.ts')
      await runInspect(directory, options.json === true)
    })

  program
    .command('openapi')
    .description("print the OpenAPI document with the model's own columns")
    .addOption(modelDirOption())
    .action(async (options: { modelDir: string }) => {
      const { runOpenApi } = await import('./commands/openapi.ts')
      await runOpenApi(options.modelDir)
    })
  return program
}

/** Commander names flags in camel case; settings know theirs by key. */
function flagsByKey(
  options: Readonly<Record<string, string>>,
): Partial<Record<keyof Config, string>> {
  return Object.fromEntries(
    settings.flatMap(({ key, flag }) => {
      const name = flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      return options[name] === undefined ? [] : [[key, options[name]]]
    }),
  )
}

interface TrainOptions {
  target?: string
  weight?: string
  plan?: string
  estimator: string
  engine: string
  modelDir: string
  set?: string[]
  numeric?: string[]
  ordinal?: string[]
  nominal?: string[]
  id?: string[]
  drop?: string[]
  validation?: string[]
  background?: string
  testSize?: string
  seed: string
  dropMissingLabel?: true
  json?: true
  quiet?: true
  cv?: string
  cvRepeats?: string
}

interface TuneOptions extends TrainOptions {
  trials: string
  metric?: string
  folds: string
  search: string
}

async function runTrain(files: string[], options: TrainOptions): Promise<void> {
  const [{ runTraining }, sagemaker] = await Promise.all([
    import('./commands/train.ts'),
    import('./commands/sagemaker/directories.ts'),
  ])
  if (files.length === 0) {
    const paths = sagemaker.sageMakerPaths(process.env)
    if (!sagemaker.isSageMakerTraining(paths)) {
      throw new CommanderError(
        EXIT.usage,
        'usage',
        `error: which file? shapserve train FILE --target COLUMN (there is no ${paths.data})`,
      )
    }
    try {
      const { readSageMakerRequest } = await import('./commands/sagemaker/request.ts')
      await runTraining(await readSageMakerRequest(process.env))
    } catch (error) {
      await sagemaker.writeFailure(paths.failure, describeError(error))
      throw error
    }
    return
  }
  const { readFolds } = await import('./commands/training/tuning-settings.ts')
  const crossValidation = readFolds(options.cv, options.cvRepeats)
  await runTraining({
    ...(await readRequest(files, options)),
    ...(crossValidation ? { crossValidation } : {}),
  })
}

async function runTune(files: string[], options: TuneOptions): Promise<void> {
  if (files.length === 0)
    throw new CommanderError(
      EXIT.usage,
      'usage',
      'error: which file? shapserve tune FILE --target COLUMN',
    )
  const { readTuning } = await import('./commands/training/tuning-settings.ts')
  const { runTraining } = await import('./commands/train.ts')
  const tuning = readTuning({
    trials: options.trials,
    folds: options.folds,
    search: options.search,
    metric: options.metric,
  })
  await runTraining({ ...(await readRequest(files, options)), tuning })
}

/** What the flags ask for. */
async function readRequest(files: readonly string[], options: TrainOptions): Promise<TrainRequest> {
  const { estimatorNames, engineNames } = await import('./training/train.ts')
  const { parsePlan } = await import('./preprocess/plan.ts')
  const { readInputFile } = await import('./tables/read-tables.ts')
  const { readName, readNumber, readSeed } = await import('./commands/training/values.ts')
  const roles = (['numeric', 'ordinal', 'nominal', 'id', 'drop'] as const).flatMap((role) =>
    (options[role] ?? []).map((column) => [column, role] as const),
  )
  const plan =
    options.plan === undefined
      ? undefined
      : parsePlan((await readInputFile(options.plan)).toString())
  if (plan && roles.length > 0)
    throw new InputError(
      'invalid_plan',
      'a plan already says what every column is; leave out the column flags',
    )
  return {
    source: { files },
    ...(options.validation ? { validation: { files: options.validation } } : {}),
    ...(options.background ? { background: { files: [options.background] } } : {}),
    header: 'present',
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.weight === undefined ? {} : { weight: options.weight }),
    ...(plan ? { plan } : {}),
    roles: new Map(roles),
    estimator: readName('--estimator', options.estimator, estimatorNames),
    engine: readName('--engine', options.engine, engineNames),
    params: new Map((options.set ?? []).map(splitSetting)),
    modelDir: options.modelDir,
    testSize: readNumber(
      '--test-size',
      options.testSize ?? (options.validation ? 0 : 0.2),
      0,
      0.99,
    ),
    seed: readSeed(options.seed),
    dropMissingLabel: options.dropMissingLabel === true,
    json: options.json === true,
    quiet: options.quiet === true || options.json === true,
  }
}

function splitSetting(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new InputError('invalid_parameter', `--set takes name=value, not ${quote(text)}`)
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof InputError || error instanceof ArtifactError || error instanceof Interrupted
  )
}

/** One line for a person; a defect of ours says so. */
function describeError(error: unknown): string {
  if (isExpected(error)) return error.message
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

async function main(): Promise<number> {
  try {
    await buildProgram().parseAsync()
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'usage') process.stderr.write(`${error.message}\n`)
      return error.exitCode === 0 ? EXIT.done : EXIT.usage
    }
    process.stderr.write(`shapserve: ${describeError(error)}\n`)
    if (error instanceof Interrupted) return error.status
    return isExpected(error) ? EXIT.refused : EXIT.defect
  }
}

process.exitCode = await main()
// Idle sockets and worker threads must not hold a finished command; what was written is flushed first.
process.stdout.write('', () => process.exit())
