import { runCli } from './cli/index.ts'
import { processTerminal } from './cli/terminal.ts'

process.exit(await runCli(process.argv.slice(2), processTerminal()))
