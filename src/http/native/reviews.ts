import { z } from 'zod'
import { accept } from '../../model/problem.ts'
import type { RunView } from '../../model/view.ts'
import { withNext } from './paging.ts'
import { presentReview, presentViewSummary, time } from './present.ts'
import * as query from './query.ts'
import { projectRef } from './refs.ts'
import { route } from './route.ts'
import { type ReviewItem, ReviewList } from './schema.ts'

export const listReviews = route({
  method: 'GET',
  path: '/api/v1/reviews',
  id: 'listReviews',
  tag: 'reviews',
  summary: 'What waits for the caller to approve or reject',
  description:
    'Newest run first. A page holds the reviews of up to `limit` runs that wait for someone, so it can be empty and still have a next one.',
  query: z.object({
    project: query.name.describe('Id or name'),
    all: query.flag.describe('true: also what waits for others'),
    limit: query.limit(50, 100),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: ReviewList },
  problems: ['not_found'],
  handle: async ({ app, caller, query: { project, all, limit, cursor }, url }) => {
    const filter = { needsPerson: true, ...(project === undefined ? {} : { project: projectRef(project) }) }
    const page = await app.runs.list(caller, filter, { before: cursor ?? null, limit })
    if (!page.ok) return page
    const runs = await app.runs.batch(
      caller,
      page.value.items.map(({ id }) => ({ id })),
    )
    if (!runs.ok) return runs
    const who = all === 'true' ? null : caller.user.name
    const next = page.value.next === null ? null : String(page.value.next)
    return accept({
      body: { items: runs.value.flatMap((run) => reviewsOf(run, who)), next },
      headers: withNext(url, next),
    })
  },
})

/** @param who null: whoever they wait for. */
function reviewsOf(run: RunView, who: string | null): z.output<typeof ReviewItem>[] {
  return run.stages.flatMap((stage) =>
    stage.tasks.flatMap((task) => {
      const { review } = task
      if (review === null || task.status !== 'reviewing') return []
      const mine = review.reviewers.length === 0 || (who !== null && review.reviewers.includes(who))
      const decided = review.decisions.some(({ by }) => by === who)
      if (who !== null && (!mine || decided)) return []
      return [
        {
          run: presentViewSummary(run),
          project: { id: run.project.id, serial: run.project.serial, name: run.project.name },
          node: { id: task.id, key: task.key, name: task.name },
          since: time(task.startedAt ?? task.queuedAt ?? run.updatedAt),
          deadline_at: task.deadlineAt === null ? null : time(task.deadlineAt),
          review: presentReview(review),
          allowed: [...task.allowed],
        },
      ]
    }),
  )
}
