/** `shapserve plot`: pictures of a model and of explained rows, as files. */
import type { Command } from 'commander'
import { pictureOptions } from '../answering/picture.ts'
import { plots } from '../plots/index.ts'
import type { PlotOption } from '../plots/plot.ts'
import type { PlotFlags } from './plot/plot-flags.ts'
import { inputFormats, pictureFormats } from './rows/formats.ts'
import { addRowReadingFlags } from './rows/rows-flags.ts'
import { labelsOption, listChoices, modelDirOption, publicKeyOption } from './shared-flags.ts'

/** Flags that are options of explanations. */
const explainFlags: Readonly<Record<string, string>> = {
  '--output <class>': 'class to show; needed for most plots of more than two',
  '--space <space>': 'probability or log_odds',
  '--method <method>': 'how SHAP values are computed',
  '--level <level>': 'columns or features',
}

export function declarePlot(program: Command): void {
  const command = program
    .command('plot')
    .description('draw a model, or the explained rows of a file')
    .argument('<name>', Object.keys(plots).join(', '))
    .argument('[file]', 'rows to explain; without them a sample of the training rows is')
    .addOption(modelDirOption())
    .addOption(publicKeyOption())
    .option('--input-format <format>', `${listChoices(inputFormats)}; default: by the file name`)
  addRowReadingFlags(command)
  command
    .option('--format <format>', `${listChoices(pictureFormats)}; default: by the name of --out`)
    .option('--out <file>', 'file to write; - = standard output', '-')
    .addOption(labelsOption('for this run'))
  for (const [form, help] of Object.entries(explainFlags)) command.option(form, help)
  for (const [name, option] of plotFlags())
    command.option(`--${dashed(name)} <value>`, describe(option))
  command.action(async (name: string, file: string | undefined, flags: PlotFlags) => {
    const { runPlot } = await import('./plot/run-plot.ts')
    await runPlot(name, file, flags, [...plotFlags().keys()])
  })
}

/** The options of all plots that no flag of explanations has. */
function plotFlags(): Map<string, PlotOption> {
  const named = Object.values(plots).flatMap((plot) => Object.entries(pictureOptions(plot)))
  return new Map(named.toReversed().filter(([name]) => name !== 'output'))
}

function dashed(name: string): string {
  return name.replaceAll('_', '-')
}

function describe(option: PlotOption): string {
  return option.kind === 'choice'
    ? `${option.description}: ${listChoices(option.choices)}`
    : option.description
}
