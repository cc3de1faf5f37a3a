import { z } from 'zod'
import type { Estimate as EstimateView, TimelineView } from '../../host/app.ts'
import { layoutRun } from '../../graph/layout.ts'
import { svgOf } from '../../graph/svg.ts'
import { accept } from '../../model/problem.ts'
import type { RunView } from '../../model/view.ts'
import { presentRun, time, timeOrNull } from './present.ts'
import { runRef } from './refs.ts'
import { route } from './route.ts'
import * as query from './query.ts'
import { AsSeenBy, Estimate, Timeline } from './schema.ts'

const tag = 'runs'

export const getTimeline = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/timeline',
  id: 'getTimeline',
  tag,
  summary: 'Where the time of a run went',
  description:
    'Of every attempt, in order: how long it waited for other tasks, was queued, ran, was reviewed, paused or held; and the tasks that made the run as long as it is.',
  status: 200,
  answer: { json: Timeline },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const timeline = await app.runs.timeline(caller, runRef(param('run')))
    return timeline.ok ? accept({ body: presentTimeline(timeline.value) }) : timeline
  },
})

const presentTimeline = ({ at, seq, stages, tasks, critical }: TimelineView): z.infer<typeof Timeline> => ({
  at: time(at),
  seq,
  stages: stages.map(({ id, spans }) => ({
    id,
    spans: spans.map(({ from, to }) => ({ from: time(from), to: timeOrNull(to) })),
  })),
  tasks: tasks.map(({ id, attempts }) => ({
    id,
    attempts: attempts.map(({ attempt, segments }) => ({
      attempt,
      segments: segments.map(({ kind, from, to }) => ({ kind, from: time(from), to: timeOrNull(to) })),
    })),
  })),
  critical: [...critical],
})

export const getEstimate = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/estimate',
  id: 'getEstimate',
  tag,
  summary: 'When a run will have ended, as earlier runs tell',
  description:
    'Rests on the last 20 runs of the pipeline that succeeded: task by task along the longest way that is left; of flows, whose way nobody knows, on how long their stage took. Waits for people are in it as long as they were then.',
  status: 200,
  answer: { json: Estimate },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const estimate = await app.runs.estimate(caller, runRef(param('run')))
    return estimate.ok ? accept({ body: presentEstimate(estimate.value, app.now()) }) : estimate
  },
})

function presentEstimate({ samples, usualMs, remainingMs }: EstimateView, now: number): z.infer<typeof Estimate> {
  const ends = remainingMs && {
    early: time(now + remainingMs.p25),
    likely: time(now + remainingMs.p50),
    late: time(now + remainingMs.p75),
  }
  return { samples, at: time(now), usual_ms: usualMs, remaining_ms: remainingMs, ends_at: ends }
}

export const getGraph = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/graph.svg',
  id: 'getGraph',
  tag,
  summary: 'A picture of a run',
  description:
    'SVG that stands alone, dark where its reader is: stages in columns, as the page shows them. Runs of more than 150 tasks have their largest stages folded.',
  query: z.object({
    unfold: query.flag.describe('true: every task, however many'),
    as_of: query
      .integer(1, 2 ** 31)
      .optional()
      .describe('As it was when its `seq` was this'),
  }),
  status: 200,
  answer: { bytes: 'image/svg+xml' },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: { unfold, as_of } }) => {
    const ref = runRef(param('run'))
    const run = await (as_of === undefined ? app.runs.get(caller, ref) : app.runs.asOf(caller, ref, as_of))
    if (!run.ok) return run
    return accept({ bytes: drawn(run.value, unfold === 'true'), headers: SVG_HEADERS })
  },
})

const SVG_HEADERS = {
  'content-type': 'image/svg+xml; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
} as const

function drawn(view: RunView, unfold: boolean): string {
  const run = presentRun(view)
  const open = new Set(unfold ? run.stages.map(({ key }) => key) : [])
  return svgOf(layoutRun(run, { open }), `${run.pipeline.name} #${run.number}: ${run.status.replaceAll('_', ' ')}`)
}

export const asSeenBy = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/as-seen-by',
  id: 'asSeenBy',
  tag,
  summary: 'A run as each of the foreign APIs tells it, with the request that asks for it',
  description:
    'Asked of the very handlers that serve the vendors’ clients, with the rights of the caller: status, headers and body are those that a client gets. In the requests stands `$MILLRACE_TOKEN` for a token of the caller.',
  status: 200,
  answer: { json: AsSeenBy },
  problems: ['not_found'],
  handle: async ({ app, caller, param, context }) => {
    const run = await app.runs.get(caller, runRef(param('run')))
    if (!run.ok) return run
    return accept({ body: { items: [...((await context.foreign?.seenBy(caller, run.value)) ?? [])] } })
  },
})
