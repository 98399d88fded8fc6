#!/usr/bin/env node
/** The executable: finds the command, ends with its exit status. A command is loaded when it may be meant. */
import { Command, CommanderError } from 'commander'
import { describeError, EXIT, statusOf } from './commands/exit-status.ts'
import { VERSION } from './version.ts'

/** What adds each command with its flags, in the order in which --help shows them. */
const declarations: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  train: async () => (await import('./commands/train.ts')).declareTrain,
  tune: async () => (await import('./commands/tune.ts')).declareTune,
  'metric-definitions': async () =>
    (await import('./commands/metric-definitions.ts')).declareMetricDefinitions,
  serve: async () => (await import('./commands/serve.ts')).declareServe,
  predict: async () => (await import('./commands/predict.ts')).declarePredict,
  explain: async () => (await import('./commands/explain.ts')).declareExplain,
  inspect: async () => (await import('./commands/inspect.ts')).declareInspect,
  openapi: async () => (await import('./commands/openapi.ts')).declareOpenApi,
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
  const declare = await Promise.all(namesFor(args[0]).map((name) => declarations[name]!()))
  for (const addTo of declare) addTo(program)
  return program
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args)
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    process.stderr.write(`${describeError(error)}\n`)
    return statusOf(error)
  }
}

process.exitCode = await main(process.argv.slice(2))
// Idle sockets and worker threads must not hold a finished command; what was written is flushed first.
process.stdout.write('', () => process.exit())
