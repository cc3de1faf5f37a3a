import { runCli } from './cli/index.ts'
import { allPrinted, processTerminal } from './cli/terminal.ts'

const code = await runCli(process.argv.slice(2), processTerminal())
await allPrinted()
process.exit(code)
