import { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { type CommonOptions, examples, jsonOption, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { connect, withConnection } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { findTask } from '../find-node.ts'
import { printJson, printJsonLine } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { wholeNumberOption } from '../whole-number.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly follow?: boolean
  readonly times?: boolean
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
      .option('-t, --times', 'line by line, each with when it was written (a line of more than 8 KiB is cut)')
      .addOption(wholeNumberOption('--attempt <number>', 'which attempt, from 1; without it the present one', 999_999))
      .addOption(
        jsonOption('print JSON: one object, with --follow one line for every piece, with --times for every line'),
      )
      .addHelpText(
        'after',
        examples(
          'millrace logs release#12 build',
          'millrace logs release#12 build -f',
          'millrace logs release#12 build --times',
          'millrace logs 57 test --attempt 1',
        ),
      ),
  ).action(
    action(async (run: string, task: string, { attempt, follow, times, json, ...options }: Options) => {
      const client = connect(terminal, options)
      const log = { run, task: await findTask(client, run, task), attempt }
      if (times === true) await printTimes(terminal, client, log, { follow: follow === true, json: json === true })
      else await (follow === true ? followLog : printLog)(terminal, client, log, json === true)
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
    for await (const chunk of bytes) await terminal.outBytes(chunk)
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
    else await terminal.outBytes(chunk)
    offset += chunk.length
  }
}

const LINES_AT_ONCE = 1_000

async function printTimes(
  terminal: Terminal,
  client: Client,
  { run, task, attempt }: LogOf,
  { follow, json }: { readonly follow: boolean; readonly json: boolean },
): Promise<void> {
  let at = attempt
  let from = 1
  let beyond: number | undefined
  let last = Number.POSITIVE_INFINITY
  for (;;) {
    const window = { attempt: at, from, count: LINES_AT_ONCE, ...(beyond === undefined ? {} : { beyond }) }
    const { lines, size, total, ended, attempt: found } = await client.logs.lines(run, task, window)
    // Another attempt may begin meanwhile; this is about the one that it began with.
    at = found
    if (!follow) last = Math.min(last, total)
    // A line that is still being written is printed when it is whole.
    const whole = lines.filter(
      ({ number, offset, bytes }) => number <= last && (!follow || ended || offset + bytes < size),
    )
    for (const line of whole) {
      if (json) printJsonLine(terminal, line)
      else terminal.out(`${(line.at ?? '-').padEnd(TIME_WIDTH)} ${line.text}${cutText(line)}\n`)
    }
    from += whole.length
    const isMore = whole.length > 0 && from <= Math.min(total, last)
    if (!isMore && (!follow || ended)) return
    beyond = isMore ? undefined : size
  }
}

const TIME_WIDTH = '2026-11-22T10:15:00.000Z'.length
const LINE_SHOWN_BYTES = 8_192

const cutText = ({ bytes }: { readonly bytes: number }): string =>
  bytes > LINE_SHOWN_BYTES ? ` … (${bytes} bytes)` : ''
