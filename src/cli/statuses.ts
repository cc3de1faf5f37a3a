import type { NodeStatus, RunStatus } from '../client/client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

type Style = Parameters<Terminal['paint']>[0]

/** How a status looks: one character, then its word. */
export const looks = {
  pending: { mark: '·', style: 'dim' },
  waiting: { mark: '◇', style: 'yellow' },
  queued: { mark: '○', style: 'dim' },
  running: { mark: '●', style: 'cyan' },
  reviewing: { mark: '?', style: 'yellow' },
  paused: { mark: '‖', style: 'yellow' },
  held: { mark: '!', style: 'yellow' },
  succeeded: { mark: '✓', style: 'green' },
  failed: { mark: '✗', style: 'red' },
  errored: { mark: '✗', style: 'red' },
  timed_out: { mark: '✗', style: 'red' },
  cancelled: { mark: '■', style: 'magenta' },
  skipped: { mark: '-', style: 'dim' },
  rolling_back: { mark: '↺', style: 'cyan' },
  rolled_back: { mark: '↺', style: 'yellow' },
  rollback_failed: { mark: '✗', style: 'red' },
  rollback_errored: { mark: '✗', style: 'red' },
} as const satisfies Record<NodeStatus, { readonly mark: string; readonly style: Style }>

/** `timed_out` -> `timed out` */
export const wordOf = (status: NodeStatus): string => status.replaceAll('_', ' ')

/** How a command ends that waited for a run. While it goes on by itself there is nothing to tell. */
const exitCodes = {
  waiting: EXIT.needsPerson,
  queued: EXIT.success,
  running: EXIT.success,
  reviewing: EXIT.needsPerson,
  paused: EXIT.needsPerson,
  held: EXIT.needsPerson,
  succeeded: EXIT.success,
  failed: EXIT.failed,
  errored: EXIT.failed,
  timed_out: EXIT.timedOut,
  cancelled: EXIT.cancelled,
  rolling_back: EXIT.success,
  rolled_back: EXIT.failed,
  rollback_failed: EXIT.failed,
  rollback_errored: EXIT.failed,
} as const satisfies Record<RunStatus, ExitCode>

export const exitCodeOf = ({ status }: { readonly status: RunStatus }): ExitCode => exitCodes[status]
