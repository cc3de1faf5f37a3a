import { z } from 'zod'
import { accept } from '../../model/problem.ts'
import { presentActor, time } from './present.ts'
import { withNext } from './paging.ts'
import * as query from './query.ts'
import { route } from './route.ts'
import { AuditList } from './schema.ts'

export const listAudit = route({
  method: 'GET',
  path: '/api/v1/audit',
  id: 'listAudit',
  tag: 'access',
  summary: 'Who changed what outside of runs, newest first; for admins of all projects',
  query: z.object({
    actor: query.name.describe('Name of a user, or of the part of the server'),
    action: query.name.describe('What the action begins with: `secret.` is every action of secrets'),
    target: query.name,
    from: query.instant.describe('Inclusive'),
    to: query.instant.describe('Exclusive'),
    limit: query.limit(50, 100),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: AuditList },
  problems: [],
  handle: async ({ app, caller, query: { actor, action, target, from, to, limit, cursor }, url }) => {
    const filter = {
      ...(actor === undefined ? {} : { actor }),
      ...(action === undefined ? {} : { action }),
      ...(target === undefined ? {} : { target }),
      ...(from === undefined ? {} : { from: Date.parse(from) }),
      ...(to === undefined ? {} : { to: Date.parse(to) }),
    }
    const page = await app.audit.list(caller, filter, { before: cursor ?? null, limit })
    if (!page.ok) return page
    const next = page.value.next === null ? null : String(page.value.next)
    const items = page.value.items.map(({ number, at, actor: who, action: what, target: thing, detail }) => ({
      number,
      at: time(at),
      actor: presentActor(who),
      action: what,
      target: thing,
      detail,
    }))
    return accept({ body: { items, next }, headers: withNext(url, next) })
  },
})
