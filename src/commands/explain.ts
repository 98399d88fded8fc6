/** `shapserve explain`: explains the rows of a file by SHAP values. */
import type { Command } from 'commander'
import { addRowsFlags, type RowsFlags, runWithFlags } from './rows/rows-flags.ts'

interface ExplainFlags extends RowsFlags {
  readonly output?: string
  readonly space?: string
  readonly method?: string
  readonly level?: string
  readonly top?: string
  readonly counterfactual?: string
  readonly maxChanges?: string
  readonly freeze?: string
  readonly contributions?: true
  readonly interactions?: true
  readonly summary?: true
}

export function declareExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('explain the rows of a file by SHAP values')
  addRowsFlags(command, 'explain')
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
    .action((file: string, flags: ExplainFlags) =>
      runWithFlags(file, flags, {
        operation: 'explain',
        options: optionsOf(flags),
        summary: flags.summary === true,
      }),
    )
}

/** The options of an explanation that were given, as a query string has them. */
function optionsOf(flags: ExplainFlags): (readonly [string, unknown])[] {
  const options = {
    output: flags.output,
    space: flags.space,
    method: flags.method,
    level: flags.level,
    top: flags.top,
    counterfactual: flags.counterfactual,
    freeze: flags.freeze,
    max_changes: flags.maxChanges,
    interactions: flags.interactions,
    format: flags.contributions && 'contributions',
  }
  return Object.entries(options).filter(([, value]) => value !== undefined)
}
