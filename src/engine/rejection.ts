import type { Rejection } from '../model/command.ts'
import type { Run } from './run.ts'

/** The ways in which a command is refused. */

export const refuse = (code: Rejection['code'], message: string, allowed: readonly string[]): Rejection => ({
  code,
  message,
  allowed,
})

export const stale = (run: Run, command: { readonly type: string; readonly node: number | null }): Rejection =>
  refuse('stale', `${command.type} for node ${command.node} of run ${run.id} comes late: nothing was changed`, [])

export const tooEarly = (run: Run): Rejection => refuse('stale', `no deadline of run ${run.id} has passed`, [])
