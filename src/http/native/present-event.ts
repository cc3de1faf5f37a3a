import type { AfterFailure, EventRecord, RunEvent } from '../../model/event.ts'
import { nodeId } from '../../model/id.ts'
import type { z } from 'zod'
import { eventTypes } from './event-types.ts'
import { presentCause, presentFailure, time, timeOrNull } from './present.ts'
import type { Event } from './schema.ts'

type Data = z.infer<typeof Event>['data']
const none = (): Data => ({})

/** What an event says besides its type and node; all fields of all types, so that nothing of the log is hidden. */
const eventData: { readonly [Type in RunEvent['type']]: (event: Extract<RunEvent, { type: Type }>) => Data } = {
  RunCreated: (event) => ({
    project_id: event.projectId,
    pipeline_id: event.pipelineId,
    version: event.version,
    number: event.number,
    serial: event.serial,
    name: event.name,
    cause: presentCause(event.cause) as Data,
    params: event.params as Data,
    annotations: { ...event.annotations },
    parent:
      event.parent === undefined
        ? null
        : { run_id: event.parent.runId, node_id: nodeId(event.parent.runId, event.parent.node) },
    excluded: [...(event.excluded ?? [])],
  }),
  TriggerFired: (event) => ({ trigger: event.trigger, stage: event.stage ?? null, params: { ...event.params } }),
  ParamsChanged: (event) => ({ params: event.params as Data }),
  RunQueued: none,
  RunStarted: none,
  RunPaused: none,
  RunResumed: none,
  CancelRequested: (event) => ({ as: event.as, reason: event.reason, deadline: timeOrNull(event.deadline) }),
  RunRestarted: (event) => ({ pass: event.pass }),
  RunReopened: none,
  StageWaiting: none,
  StageRetried: none,
  RollbackStarted: none,
  RunEnded: (event) => ({ status: event.status }),
  StageStarted: none,
  StageEnded: (event) => ({ status: event.status }),
  StageTimedOut: none,
  NodeSkipped: (event) => ({ because: event.because, reason: event.reason }),
  NodePassed: (event) => ({
    edges: event.edges === null ? null : [...event.edges],
    reason: event.by?.reason ?? null,
  }),
  NodePaused: none,
  NodeResumed: none,
  DeadlineMoved: (event) => ({ deadline: time(event.deadline) }),
  ChildStarted: (event) => ({ child: event.child }),
  TaskQueued: (event) => ({ attempt: event.attempt, deadline: timeOrNull(event.deadline) }),
  TaskWithdrawn: none,
  AttemptStarted: (event) => ({
    attempt: event.attempt,
    runner: event.runner,
    deadline: timeOrNull(event.deadline),
  }),
  StopRequested: (event) => ({ failure: presentFailure(event.failure), deadline: time(event.deadline) }),
  AttemptSucceeded: (event) => ({
    attempt: event.attempt,
    outputs: event.outputs as Data | null,
  }),
  AttemptFailed: (event) => ({
    attempt: event.attempt,
    failure: presentFailure(event.failure),
    outputs: event.outputs as Data | null,
    next: presentNext(event.next),
  }),
  AttemptCancelled: (event) => ({ attempt: event.attempt, reason: event.reason }),
  HoldExpired: none,
  ReviewOpened: (event) => ({ attempt: event.attempt, deadline: timeOrNull(event.deadline) }),
  ReviewDecided: (event) => ({ decision: event.decision, by: event.by, comment: event.comment }),
  NodeRetried: (event) => ({ inputs: (event.inputs ?? null) as Data | null }),
}

function presentNext(next: AfterFailure): Data {
  switch (next.do) {
    case 'retry':
      return { do: 'retry', at: time(next.at), counted: next.counted }
    case 'hold':
      return { do: 'hold', until: timeOrNull(next.until) }
    case 'stop':
    case 'continue':
    case 'skip':
    case 'restart':
      return { do: next.do }
  }
}

export function presentEvent(record: EventRecord): z.infer<typeof Event> {
  const { event } = record
  const data = eventData[event.type] as (event: RunEvent) => Data
  return {
    number: record.number,
    run_id: record.runId,
    seq: record.seq,
    at: time(record.at),
    actor: { kind: record.actor.kind, name: record.actor.name },
    type: eventTypes[event.type],
    node: 'node' in event ? { id: nodeId(record.runId, event.node), index: event.node } : null,
    data: data(event),
  }
}
