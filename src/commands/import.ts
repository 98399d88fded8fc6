/** `shapserve import`: a model of another library in, a model directory out. */
import type { Command } from 'commander'
import type { ImportFlags } from './import/read-import-flags.ts'
import { labelsOption, modelDirOption } from './shared-flags.ts'

export function declareImport(program: Command): void {
  program
    .command('import')
    .description('turn a model that another library trained into a model directory')
    .argument(
      '<file>',
      "a directory of MLflow, of SageMaker's XGBoost or of Spark ML, or a file of XGBoost (JSON, UBJSON, legacy binary), LightGBM (text), CatBoost (JSON), scikit-learn (skops) or ONNX",
    )
    .option(
      '--format <name>',
      'xgboost, lightgbm, catboost, skops, onnx or spark; auto looks at the bytes',
      'auto',
    )
    .addOption(modelDirOption())
    .option('--target <name>', 'what the model predicts', 'target')
    .option('--classes <names>', "in the library's order, separated by commas (default: 0, 1, …)")
    .option('--positive-class <name>', 'of two classes the one whose probability is the score')
    .option(
      '--columns <names>',
      "in the model's order, separated by commas, or a CSV file with them as header",
    )
    .option('--categories <file>', 'JSON: {"column": ["category of code 0", …]}')
    .option('--background <file>', 'rows to explain against')
    .option('--rounds <number>', 'how many rounds of boosting count: best, all or a number')
    .option('--missing <number>', 'counted as missing in training, besides an empty value')
    .option('--unknown-category <rule>', 'as-library or refuse', 'as-library')
    .option('--allow-missing', 'ONNX without a rule for missing values: they fail every comparison')
    .option('--check <file>', "rows with the library's probabilities to compare with")
    .addOption(labelsOption('stored'))
    .option('--json', 'the result as JSON')
    .action((file: string, flags: ImportFlags) => importFile(file, flags))
}

async function importFile(file: string, flags: ImportFlags): Promise<void> {
  const { runImport } = await import('./import/run-import.ts')
  await runImport(file, flags)
}
