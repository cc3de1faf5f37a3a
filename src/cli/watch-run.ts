import type { Client, Run } from '../client/client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { followRun } from './follow-run.ts'
import { LiveScreen } from './live-screen.ts'
import { printJsonLine } from './output.ts'
import { lastLine } from './progress.ts'
import { runLines } from './run-tree.ts'
import { exitCodeOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'

const REDRAW_MS = 1_000

/** Shows a run until it has ended: a tree that is drawn anew on a terminal, else a line for every change. */
export async function watchRun(terminal: Terminal, client: Client, ref: string, json: boolean): Promise<ExitCode> {
  const { paint, now } = terminal
  if (json) return ended(await lastOf(client, ref, (run) => printJsonLine(terminal, run)))
  if (terminal.outIsTty) return ended(await drawRun(terminal, client, ref))
  const say = (line: string): void => terminal.out(`${line}\n`)
  const run = await followRun({ client, run: ref, say, paint, logs: false })
  if (run !== undefined) say(lastLine(run, now(), paint))
  return ended(run)
}

const ended = (run: Run | undefined): ExitCode => (run === undefined ? EXIT.failed : exitCodeOf(run))

async function drawRun(terminal: Terminal, client: Client, ref: string): Promise<Run | undefined> {
  const screen = new LiveScreen(terminal)
  let last: Run | undefined
  const draw = (): void => {
    if (last !== undefined) screen.draw(runLines(last, terminal.now(), terminal.paint))
  }
  // The times go on also while nothing happens.
  const timer = setInterval(draw, REDRAW_MS)
  try {
    return await lastOf(client, ref, (run) => {
      last = run
      draw()
    })
  } finally {
    clearInterval(timer)
  }
}

async function lastOf(client: Client, ref: string, seen: (run: Run) => void): Promise<Run | undefined> {
  let last: Run | undefined
  for await (const run of client.runs.watch(ref)) {
    last = run
    seen(run)
  }
  return last
}
