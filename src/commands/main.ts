/** Finds the command that arguments mean, and runs it. A command is loaded when it may be meant. */
import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.ts'
import { describeError, EXIT, statusOf } from './exit-status.ts'
import { refuseOldNode } from './node-version.ts'
import { wrap } from './output/layout.ts'
import {
  addToStandardOutput,
  columnsOf,
  flushStandardOutput,
  writeStandardError,
} from './output/standard-streams.ts'

/** What adds each command with its flags, in the order in which --help shows them. */
const declarations: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  train: async () => (await import('./train.ts')).declareTrain,
  tune: async () => (await import('./tune.ts')).declareTune,
  import: async () => (await import('./import.ts')).declareImport,
  export: async () => (await import('./export.ts')).declareExport,
  'metric-definitions': async () =>
    (await import('./metric-definitions.ts')).declareMetricDefinitions,
  sagemaker: async () => (await import('./sagemaker.ts')).declareSageMaker,
  serve: async () => (await import('./serve.ts')).declareServe,
  predict: async () => (await import('./predict.ts')).declarePredict,
  explain: async () => (await import('./explain.ts')).declareExplain,
  preprocess: async () => (await import('./preprocess.ts')).declarePreprocess,
  monitor: async () => (await import('./monitor.ts')).declareMonitor,
  sign: async () => (await import('./sign.ts')).declareSign,
  plot: async () => (await import('./plot.ts')).declarePlot,
  report: async () => (await import('./report.ts')).declareReport,
  inspect: async () => (await import('./inspect.ts')).declareInspect,
  doctor: async () => (await import('./doctor.ts')).declareDoctor,
  openapi: async () => (await import('./openapi.ts')).declareOpenApi,
}

/** Returns the commands that arguments may mean: the first of them, none beside --version, otherwise all. */
function namesFor(first: string | undefined): readonly string[] {
  const names = Object.keys(declarations)
  if (first === '--version') return []
  return names.includes(first ?? '') ? [first as string] : names
}

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('shapserve')
    .description('Trains, serves and explains tabular classifiers.')
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(shapserve --help shows the commands)')
    .exitOverride()
    .configureOutput({
      writeOut: addToStandardOutput,
      writeErr: tell,
      outputError: (text, write) => write(text.replace(/^error: /, 'shapserve: ')),
    })
  const declare = await Promise.all(namesFor(args[0]).map((name) => declarations[name]!()))
  for (const addTo of declare) addTo(program)
  hintAtHelp(program, 'shapserve')
  return program
}

/** Errors lead to the help of the command that they are about. */
function hintAtHelp({ commands }: Command, path: string): void {
  for (const command of commands) {
    const name = `${path} ${command.name()}`
    command.showHelpAfterError(`(${name} --help shows its options)`)
    hintAtHelp(command, name)
  }
}

/** Says what is wrong, in the width of a terminal. */
function tell(text: string): void {
  if (text.trim() === '') return
  const columns = columnsOf(process.stderr)
  writeStandardError(
    text
      .split('\n')
      .flatMap((line) => wrap(line, columns, 2))
      .join('\n'),
  )
}

/** Runs what arguments mean; returns the exit status, which counts what could be written too. */
export async function main(args: readonly string[]): Promise<number> {
  const refusal = refuseOldNode(process.versions.node)
  if (refusal !== undefined) {
    tell(`${refusal}\n`)
    return EXIT.refused
  }
  const status = await runCommand(args)
  try {
    await flushStandardOutput()
    return status
  } catch (error) {
    if (status === EXIT.done) tell(`${describeError(error)}\n`)
    return status === EXIT.done ? statusOf(error) : status
  }
}

async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args)
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    tell(`${describeError(error)}\n`)
    return statusOf(error)
  }
}
