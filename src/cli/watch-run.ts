import type { Client, Run } from '../client/client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { followRun } from './follow-run.ts'
import { LiveScreen } from './live-screen.ts'
import { printJsonLine } from './output.ts'
import { lastLine } from './progress.ts'
import { RunNames } from './run-names.ts'
import { runLines } from './run-tree.ts'
import { exitCodeOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'

const REDRAW_MS = 1_000

export interface Watching {
  readonly json: boolean
  /** End also when nothing goes on without a person. */
  readonly untilPerson: boolean
}

/** Shows a run until it has ended: a tree that is drawn anew on a terminal, else a line for every change. */
export async function watchRun(
  terminal: Terminal,
  client: Client,
  ref: string,
  { json, untilPerson }: Watching,
): Promise<ExitCode> {
  const { paint, now } = terminal
  const say = (line: string): void => terminal.out(`${line}\n`)
  const enough = (run: Run): boolean => untilPerson && exitCodeOf(run) === EXIT.needsPerson
  const last = json
    ? await lastOf(client, ref, enough, (run) => printJsonLine(terminal, run))
    : terminal.outIsTty
      ? await drawRun(terminal, client, ref, enough)
      : await followRun({ client, run: ref, say, paint, logs: false, enough })
  if (last === undefined) return EXIT.failed
  if (!json && !terminal.outIsTty) say(lastLine(last, now(), paint))
  return exitCodeOf(last)
}

type Enough = (run: Run) => boolean

async function drawRun(terminal: Terminal, client: Client, ref: string, enough: Enough): Promise<Run | undefined> {
  const screen = new LiveScreen(terminal)
  const names = new RunNames(client)
  let last: Run | undefined
  const draw = (whole = false): void => {
    if (last !== undefined) screen.draw(runLines(last, terminal.now(), terminal.paint, names.of), whole)
  }
  // The times go on also while nothing happens.
  const timer = setInterval(() => draw(), REDRAW_MS)
  try {
    return await lastOf(client, ref, enough, async (run) => {
      await names.learn(run)
      last = run
      draw(run.ended)
    })
  } finally {
    clearInterval(timer)
  }
}

async function lastOf(
  client: Client,
  ref: string,
  enough: Enough,
  seen: (run: Run) => Promise<void> | void,
): Promise<Run | undefined> {
  let last: Run | undefined
  for await (const run of client.runs.watch(ref)) {
    last = run
    await seen(run)
    if (enough(run)) break
  }
  return last
}
