import { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { type CommonOptions, examples, jsonOption, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { connect, withConnection } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { findTask } from '../find-node.ts'
import { printJson, printJsonLine } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly follow?: boolean
  readonly attempt?: number
}
interface LogOf {
  readonly run: string
  readonly task: string
  readonly attempt: number | undefined
}

export const logs: Verb = ({ terminal, action }) =>
  withConnection(
    new Command('logs')
      .summary('print what a task said')
      .description('Prints the log of a task, byte for byte.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .option('-f, --follow', 'go on with what comes, until the attempt has ended')
      .option('--attempt <number>', 'which attempt, from 1; without it the present one', parseAttempt)
      .addOption(jsonOption('print JSON: one object, with --follow one line for every piece'))
      .addHelpText(
        'after',
        examples(
          'millrace logs release#12 build',
          'millrace logs release#12 build -f',
          'millrace logs 57 test --attempt 1',
        ),
      ),
  ).action(
    action(async (run: string, task: string, { attempt, follow, json, ...options }: Options) => {
      const client = connect(terminal, options)
      const print = follow === true ? followLog : printLog
      await print(terminal, client, { run, task: await findTask(client, run, task), attempt }, json === true)
      return EXIT.success
    }),
  )

async function printLog(
  terminal: Terminal,
  client: Client,
  { run, task, attempt }: LogOf,
  json: boolean,
): Promise<void> {
  const { bytes, ...about } = await client.logs.read(run, task, { attempt })
  if (!json) {
    for await (const chunk of bytes) terminal.outBytes(chunk)
    return
  }
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true })
  printJson(terminal, { ...about, text: text + decoder.decode() })
}

async function followLog(
  terminal: Terminal,
  client: Client,
  { run, task, attempt }: LogOf,
  json: boolean,
): Promise<void> {
  const decoder = new TextDecoder()
  let offset = 0
  for await (const chunk of client.logs.follow(run, task, { attempt })) {
    if (json) printJsonLine(terminal, { offset, text: decoder.decode(chunk, { stream: true }) })
    else terminal.outBytes(chunk)
    offset += chunk.length
  }
}

function parseAttempt(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Fault(EXIT.usage, `--attempt: expected a number from 1, found ${JSON.stringify(text)}`)
}
