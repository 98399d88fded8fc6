#!/usr/bin/env node
/** The executable: finds the command, ends with its exit status. A command's work is loaded when it is asked for. */
import { Command, CommanderError } from 'commander'
import { describeError, EXIT, statusOf } from './commands/exit-status.ts'
import { declareExplain } from './commands/explain.ts'
import { declareInspect } from './commands/inspect.ts'
import { declareMetricDefinitions } from './commands/metric-definitions.ts'
import { declareOpenApi } from './commands/openapi.ts'
import { declarePredict } from './commands/predict.ts'
import { declareServe } from './commands/serve.ts'
import { declareTrain } from './commands/train.ts'
import { declareTune } from './commands/tune.ts'
import { VERSION } from './version.ts'

/** In the order in which --help shows them. */
const declarations = [
  declareTrain,
  declareTune,
  declareMetricDefinitions,
  declareServe,
  declarePredict,
  declareExplain,
  declareInspect,
  declareOpenApi,
]

function buildProgram(): Command {
  const program = new Command('shapserve')
    .description('Trains, serves and explains tabular classifiers.')
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(shapserve --help shows the commands)')
    .exitOverride()
  for (const declare of declarations) declare(program)
  return program
}

async function main(): Promise<number> {
  try {
    await buildProgram().parseAsync()
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    process.stderr.write(`${describeError(error)}\n`)
    return statusOf(error)
  }
}

process.exitCode = await main()
// Idle sockets and worker threads must not hold a finished command; what was written is flushed first.
process.stdout.write('', () => process.exit())
