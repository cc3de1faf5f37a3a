import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { EXIT } from './exit-codes.ts'

type Style = Parameters<typeof styleText>[0]

/** What a command sees of the outside. Tests give their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Bytes as they are, for logs and artifacts. Resolves when there is room for more: who reads may be slow. */
  readonly outBytes: (bytes: Uint8Array) => Promise<void>
  readonly outIsTty: boolean
  readonly errIsTty: boolean
  /** Whether someone is there to be asked. */
  readonly inIsTty: boolean
  /** Of stdout. */
  readonly columns: () => number
  readonly rows: () => number
  readonly paint: (style: Style, text: string) => string
  /** Calls back at SIGINT, SIGTERM and SIGHUP, which then do nothing else. Returns the way to stop. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => () => void
  /** A line that is typed; undefined: there is none, or `signal` was aborted. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | undefined>
  readonly now: () => number
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function processTerminal(): Terminal {
  const { env, stdout, stderr, stdin } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `millrace runs | head` is no error.
    if (error.code === 'EPIPE') process.exit(EXIT.success)
    stderr.write(`millrace: what was to be printed could not be written: ${error.message}\n`)
    process.exit(EXIT.failed)
  })
  // A log that finds no room, or that nobody reads any more, ends no server; and there is nobody left to be told.
  stderr.on('error', () => {})
  const colourful = Boolean(stdout.isTTY) && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return {
    env,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outBytes: async (bytes) => {
      if (!stdout.write(bytes)) await once(stdout, 'drain')
    },
    outIsTty: Boolean(stdout.isTTY),
    errIsTty: Boolean(stderr.isTTY),
    inIsTty: Boolean(stdin.isTTY && stdout.isTTY),
    // 0: a terminal that does not know.
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    paint: (style, text) => (colourful ? styleText(style, text, { validateStream: false }) : text),
    onSignal: (listener) => {
      for (const signal of SIGNALS) process.on(signal, listener)
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener)
      }
    },
    ask: askLine,
    now: () => Date.now(),
  }
}

/** Resolves when whoever reads has all that was written: the end of a process takes along what waits for a pipe. */
export async function allPrinted(): Promise<void> {
  const { stdout, stderr } = process
  await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
}

/** `terminal: false`: Ctrl-C stays a signal to the process. */
async function askLine(question: string, signal: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false })
  try {
    const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
    return await Promise.race([lines.question(question, { signal }), closed])
  } catch {
    return undefined
  } finally {
    lines.close()
  }
}
