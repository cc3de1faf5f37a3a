import type { Terminal } from '../../src/cli/terminal.ts'

export interface Scripted {
  readonly env?: Readonly<Record<string, string>>
  /** Whether someone is there; their lines, in order. */
  readonly answers?: readonly string[]
  readonly now?: () => number
  /** Called with everything that is printed, as it is. */
  readonly onOut?: (text: string) => void
}

/** A terminal without a terminal: what was printed can be read, what is typed is given. */
export function cliTerminal({ env = {}, answers, now = () => 0, onOut = () => {} }: Scripted = {}) {
  const typed = [...(answers ?? [])]
  const listeners = new Set<(signal: NodeJS.Signals) => void>()
  let out = ''
  let err = ''
  const print = (text: string): void => {
    out += text
    onOut(text)
  }
  const terminal: Terminal = {
    env,
    out: print,
    err: (text) => {
      err += text
    },
    outBytes: (bytes) => Promise.resolve(print(new TextDecoder().decode(bytes))),
    outIsTty: false,
    errIsTty: false,
    inIsTty: answers !== undefined,
    columns: () => 100,
    rows: () => 24,
    paint: (_, text) => text,
    onSignal: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ask: (question) => {
      out += question
      return Promise.resolve(typed.shift())
    },
    now,
  }
  return {
    terminal,
    out: () => out,
    err: () => err,
    /** As Ctrl-C would. */
    interrupt: () => {
      for (const listener of listeners) listener('SIGINT')
    },
  }
}
