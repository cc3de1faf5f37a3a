import { Command } from 'commander'
import type { Millrace } from '../../compose/millrace.ts'
import type { Config } from '../../config/settings.ts'
import { createLog } from '../../telemetry/log.ts'
import { examples, jsonOption } from '../act.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJsonLine } from '../output.ts'
import { startFault } from '../start-fault.ts'
import { configOf, sealKeysFrom, withSettings } from '../settings.ts'
import { startJson, startText } from '../start-text.ts'
import type { Terminal } from '../terminal.ts'
import { trust } from '../trust.ts'
import type { Verb } from '../verb.ts'
import { version } from '../version.ts'

/** Longest graceful end: 5 s for answers under way, then what runs gets its grace, then the store is closed. */
const CLOSE_MAX_MS = 20_000

export const serve: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('serve')
      .summary('run the server, until Ctrl-C or SIGTERM')
      .description(
        'Runs the server on its data directory: API, foreign dialects, and a runner for the tasks. The first signal ends ' +
          'it gracefully, a second one at once; either way the next start goes on where this one ended.',
      )
      .addOption(jsonOption('when it is ready, print where it is as one line of JSON'))
      .addHelpText(
        'after',
        examples(
          'millrace serve',
          'millrace serve --port 9000 --data-dir /var/lib/millrace',
          'MILLRACE_HOST=0.0.0.0 MILLRACE_BASE_URL=https://ci.example.com millrace serve',
        ),
      ),
  ).action(
    action(({ json, ...options }: Readonly<Record<string, unknown>>) =>
      serveUntilSignal(terminal, configOf(terminal, options), json === true),
    ),
  )

async function serveUntilSignal(terminal: Terminal, config: Config, json: boolean): Promise<ExitCode> {
  const log = createLog({ level: config.logLevel, readable: terminal.errIsTty, write: terminal.err })
  let told: (() => void) | undefined
  const signalled = new Promise<void>((resolve) => (told = resolve))
  let signals = 0
  const stopListening = terminal.onSignal((signal) => {
    signals += 1
    // Nothing is lost by it: the log of every run is on disk, and the runner's process ends with ours.
    if (signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143)
    terminal.err(`${signal}: ending what runs; once more ends at once\n`)
    told?.()
  })
  try {
    const millrace = await open(terminal, config, log)
    if (signals === 0 && json) printJsonLine(terminal, startJson(millrace, version()))
    else if (signals === 0) terminal.out(startText(millrace, version(), terminal.paint))
    await signalled
    return await closeInTime(millrace)
  } finally {
    stopListening()
  }
}

async function open(terminal: Terminal, config: Config, log: ReturnType<typeof createLog>): Promise<Millrace> {
  const sealKeys = sealKeysFrom(terminal)
  trust(config.caFile)
  const { openMillrace } = await import('../../compose/millrace.ts')
  try {
    return await openMillrace({ version: version(), ...config, sealKeys }, log)
  } catch (error) {
    throw startFault(error, config)
  }
}

async function closeInTime(millrace: Millrace): Promise<ExitCode> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), CLOSE_MAX_MS)
  })
  const ended = await Promise.race([millrace.close().then(() => 'closed' as const), late])
  clearTimeout(timer)
  if (ended === 'closed') return EXIT.success
  throw new Fault(EXIT.internal, `not closed after ${CLOSE_MAX_MS / 1_000} s: ended without waiting for the rest`)
}
