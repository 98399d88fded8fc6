#!/usr/bin/env node
/** The executable: ends with the exit status of the command that it is given. */
import { main } from './commands/main.ts'

// Idle sockets and worker threads must not hold a finished command.
process.exit(await main(process.argv.slice(2)))
