import { Command, Option } from 'commander'
import { parseDuration } from '../../model/time.ts'
import { examples, jsonOption } from '../act.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJsonLine } from '../output.ts'
import { bearerTokenOf } from '../bearer-token.ts'
import { serverUrlOf } from '../server-url.ts'
import { configOf, TASK_SETTINGS, withSettings } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { trust } from '../trust.ts'
import type { Verb } from '../verb.ts'
import { version } from '../version.ts'

interface Options {
  readonly url?: string
  readonly token?: string
  readonly name?: string
  readonly dataDir: string
  readonly grace: string
  readonly json?: boolean
}

const SETTINGS = [...TASK_SETTINGS, 'caFile'] as const

export const runner: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('runner')
      .summary('work for a server on another machine, until Ctrl-C or SIGTERM')
      .description(
        'Takes tasks from a server over HTTP or HTTPS and does them here. What this machine can do besides (containers, ' +
          'sandboxes, tools) is found out and added to its labels. The first signal lets it end what it has and takes ' +
          'nothing more, a second one stops that, a third one ends at once.',
      )
      .addOption(
        new Option('--url <url>', 'the server, or several of one database with commas between them; or MILLRACE_URL'),
      )
      .addOption(
        new Option('--token <token>', 'of this runner, as millrace runners --add gave it; or MILLRACE_RUNNER_TOKEN'),
      )
      .option('--name <name>', 'what the server must call it: a token of another runner is then refused')
      .option('--data-dir <directory>', 'where workspaces are kept; of this runner alone', './runner-data')
      .option('--grace <duration>', 'how long tasks may still take after the first signal', '10m')
      .addOption(jsonOption('when it is ready, print who it is as one line of JSON')),
    SETTINGS,
  )
    .addHelpText(
      'after',
      examples(
        'millrace runner --url https://ci.example.com --token mrr_... --labels linux,gpu',
        'MILLRACE_RUNNER_TOKEN=mrr_... millrace runner --url http://10.0.0.5:8080 --slots 4',
      ),
    )
    .action(action((options: Options) => work(terminal, options)))

async function work(terminal: Terminal, options: Options): Promise<ExitCode> {
  const config = configOf(terminal, { ...options }, SETTINGS)
  const { slots, labels, containers, containerPaths, stepDirectories, cacheMaxBytes, httpAllow } = config
  const [source, given] =
    options.url === undefined ? ['MILLRACE_URL', terminal.env['MILLRACE_URL']] : ['--url', options.url]
  if (!given) throw new Fault(EXIT.usage, 'no server: expected its URL by --url or MILLRACE_URL')
  const urls = given.split(',').map((text) => serverUrlOf(source, text.trim()).href.replace(/(?<!\/)\/+$/, ''))
  const url = urls.join(',')
  const [tokenSource, tokenGiven] =
    options.token === undefined
      ? ['MILLRACE_RUNNER_TOKEN', terminal.env['MILLRACE_RUNNER_TOKEN']]
      : ['--token', options.token]
  if (!tokenGiven) throw new Fault(EXIT.refused, 'no token: expected --token or MILLRACE_RUNNER_TOKEN')
  const token = bearerTokenOf(tokenSource, tokenGiven)
  const drainMs = parseDuration(options.grace)
  if (drainMs === undefined)
    throw new Fault(EXIT.usage, `--grace: expected a duration such as 10m, found ${JSON.stringify(options.grace)}`)
  trust(config.caFile)
  const { openRunner } = await import('../../compose/runner.ts')
  const say = (sentence: string): void => terminal.err(`${sentence}\n`)
  const ready = (name: string): void => {
    if (options.json === true) printJsonLine(terminal, { name, url, slots, labels })
    else terminal.out(`Runner ${name} works for ${url}, ${slots} task${slots === 1 ? '' : 's'} at once.\n`)
  }
  const { name = null, dataDir: dataDirectory } = options
  const facts = { version: version(), urls, token, name, labels, slots, dataDirectory, drainMs }
  const means = { containers, containerPaths, stepDirectories, cacheMaxBytes, httpAllow }
  const opened = await openRunner({ ...facts, ...means }, say, ready).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'StoreError') throw error
    throw new Fault(EXIT.inUse, error.message, { cause: error })
  })
  let signals = 0
  const stopListening = terminal.onSignal((signal) => {
    signals += 1
    if (signals > 2) process.exit(signal === 'SIGINT' ? 130 : 143)
    if (signals === 1) {
      say(`${signal}: ending what it has, for ${options.grace} at most; once more stops it`)
      opened.drain()
    } else {
      say(`${signal}: stopping what it has`)
      opened.stop()
    }
  })
  try {
    const end = await opened.ended
    if (end.kind === 'asked') return EXIT.success
    throw new Fault(EXIT.refused, `${url} refused this runner: ${end.refusal.message}`)
  } finally {
    stopListening()
  }
}
