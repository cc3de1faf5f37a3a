import { accept } from '../../model/problem.ts'
import type { RunnerView } from '../../model/runner.ts'
import { time } from './present.ts'
import { route } from './route.ts'
import { IssuedRunner, NewRunner, Runner, RunnerList } from './schema.ts'
import type { z } from 'zod'

const tag = 'runners'

export const listRunners = route({
  method: 'GET',
  path: '/api/v1/runners',
  id: 'listRunners',
  tag,
  summary: 'The runners of the server, their load and when they were last seen',
  status: 200,
  answer: { json: RunnerList },
  problems: [],
  handle: async ({ app, caller }) =>
    accept({ body: { items: (await app.runners.list(caller)).map((runner) => presentRunner(runner)) } }),
})

export const createRunner = route({
  method: 'POST',
  path: '/api/v1/runners',
  id: 'createRunner',
  tag,
  summary: 'Let a runner on another machine in; for admins of all projects',
  description: 'The token is what `millrace runner --token` takes. One token is for one runner process at a time.',
  body: NewRunner,
  status: 201,
  answer: { json: IssuedRunner },
  problems: ['invalid_request', 'forbidden', 'conflict', 'too_many_requests'],
  handle: async ({ app, caller, body }) => {
    const made = await app.runners.create(caller, body)
    if (!made.ok) return made
    const { runner, token } = made.value
    return accept({
      body: { runner: presentRunner(runner), token },
      headers: { location: `/api/v1/runners/${runner.id}` },
    })
  },
})

export const getRunner = route({
  method: 'GET',
  path: '/api/v1/runners/{runner}',
  id: 'getRunner',
  tag,
  summary: 'One runner, by id or name',
  status: 200,
  answer: { json: Runner },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const found = await app.runners.get(caller, param('runner'))
    return found.ok ? accept({ body: presentRunner(found.value) }) : found
  },
})

export const deleteRunner = route({
  method: 'DELETE',
  path: '/api/v1/runners/{runner}',
  id: 'deleteRunner',
  tag,
  summary: 'Remove a runner: what it has is lost, its token is worth nothing any more; for admins of all projects',
  status: 204,
  answer: 'nothing',
  problems: ['not_found', 'forbidden', 'not_allowed'],
  handle: async ({ app, caller, param }) => {
    const removed = await app.runners.remove(caller, param('runner'))
    return removed.ok ? accept({ body: null }) : removed
  },
})

export const pauseRunner = route({
  method: 'POST',
  path: '/api/v1/runners/{runner}/pause',
  id: 'pauseRunner',
  tag,
  summary: 'Give it nothing more; what it has it does. For admins of all projects',
  status: 200,
  answer: { json: Runner },
  problems: ['not_found', 'forbidden'],
  handle: async ({ app, caller, param }) => {
    const paused = await app.runners.pause(caller, param('runner'))
    return paused.ok ? accept({ body: presentRunner(paused.value) }) : paused
  },
})

export const resumeRunner = route({
  method: 'POST',
  path: '/api/v1/runners/{runner}/resume',
  id: 'resumeRunner',
  tag,
  summary: 'Give it work again; for admins of all projects',
  status: 200,
  answer: { json: Runner },
  problems: ['not_found', 'forbidden'],
  handle: async ({ app, caller, param }) => {
    const resumed = await app.runners.resume(caller, param('runner'))
    return resumed.ok ? accept({ body: presentRunner(resumed.value) }) : resumed
  },
})

const presentRunner = ({ lastSeenAt, createdAt, labels, ...runner }: RunnerView): z.output<typeof Runner> => ({
  id: runner.id,
  name: runner.name,
  kind: runner.kind,
  labels: [...labels],
  slots: runner.slots,
  busy: runner.busy,
  status: runner.status,
  paused: runner.paused,
  last_seen_at: lastSeenAt === null ? null : time(lastSeenAt),
  created_at: createdAt === null ? null : time(createdAt),
  version: runner.version,
})
