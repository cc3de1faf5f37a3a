import type { RunEvent } from '../../model/event.ts'

/** Our word -> the wire's. */
export const eventTypes = {
  RunCreated: 'run_created',
  TriggerFired: 'trigger_fired',
  ParamsChanged: 'params_changed',
  RunQueued: 'run_queued',
  RunStarted: 'run_started',
  RunPaused: 'run_paused',
  RunResumed: 'run_resumed',
  CancelRequested: 'cancel_requested',
  RunRestarted: 'run_restarted',
  RunReopened: 'run_reopened',
  StageWaiting: 'stage_waiting',
  StageRetried: 'stage_retried',
  RollbackStarted: 'rollback_started',
  RunEnded: 'run_ended',
  StageStarted: 'stage_started',
  StageEnded: 'stage_ended',
  StageTimedOut: 'stage_timed_out',
  NodeSkipped: 'node_skipped',
  NodePassed: 'node_passed',
  NodePaused: 'node_paused',
  NodeResumed: 'node_resumed',
  DeadlineMoved: 'deadline_moved',
  ChildStarted: 'child_started',
  TaskQueued: 'task_queued',
  TaskWithdrawn: 'task_withdrawn',
  AttemptStarted: 'attempt_started',
  StopRequested: 'stop_requested',
  AttemptSucceeded: 'attempt_succeeded',
  AttemptFailed: 'attempt_failed',
  AttemptCancelled: 'attempt_cancelled',
  HoldExpired: 'hold_expired',
  ReviewOpened: 'review_opened',
  ReviewDecided: 'review_decided',
  NodeRetried: 'node_retried',
} as const satisfies Record<RunEvent['type'], string>

export type EventType = (typeof eventTypes)[RunEvent['type']]
export const EVENT_TYPES = Object.values(eventTypes) as [EventType, ...EventType[]]
