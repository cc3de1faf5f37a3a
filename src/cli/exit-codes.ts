/** How a command ends, for scripts. Stable. From 64 on as in BSD's sysexits.h. */
export const EXIT = {
  success: 0,
  failed: 1,
  usage: 2,
  needsPerson: 3,
  cancelled: 4,
  timedOut: 5,
  unreachable: 69,
  internal: 70,
  inUse: 75,
  refused: 77,
  badConfiguration: 78,
} as const
export type ExitName = keyof typeof EXIT
export type ExitCode = (typeof EXIT)[ExitName]

export const exitMeanings = {
  success: 'It was done; a run that was waited for succeeded.',
  failed: 'The run failed, or what was asked for could not be done: not found, not allowed now, not valid.',
  usage: 'The command was not understood: an unknown verb or option, a missing argument, a file that cannot be read.',
  needsPerson: 'The run waits for a person: a review, a held task, a start.',
  cancelled: 'The run was cancelled, or Ctrl-C ended what was under way.',
  timedOut: 'The run, or a task that decides about it, took too long.',
  unreachable: 'No server answered.',
  internal: 'A defect of Millrace, or the store died.',
  inUse: 'The port is taken, another server holds the data directory, or what would be written is there already.',
  refused: 'The token is missing, not valid, or may not do this.',
  badConfiguration: 'A flag or a variable of the configuration is not valid.',
} as const satisfies Record<ExitName, string>
