import { type Concurrency, WHEN_FULL } from '../model/definition.ts'
import { CONCURRENCY_MAX } from './limits.ts'
import { name } from './names.ts'
import { byKind, choice, mapped, number, record, type Shape } from './shape.ts'

/** How many runs there may be at once. */

const limit = number(1, CONCURRENCY_MAX, { whole: true })

export const concurrency: Shape<Concurrency> = byKind<Concurrency>({
  expected: 'a number of runs, or a mapping with limit, group and when_full',
  scalar: mapped(limit, (runs) => ({ limit: runs, group: null, whenFull: 'queue' })),
  map: mapped(
    record('concurrency', {
      limit: { shape: limit, doc: 'How many runs may be under way at once. Default 1.' },
      group: {
        shape: name,
        doc: 'Runs of all pipelines of the project with this group count together. Default: those of this pipeline.',
      },
      when_full: {
        shape: choice(WHEN_FULL),
        doc: 'queue: a run waits for its turn; abort: it is refused; supersede: the oldest one is cancelled. Default queue.',
      },
    }),
    ({ limit: runs = 1, group = null, when_full: whenFull = 'queue' }) => ({ limit: runs, group, whenFull }),
  ),
})
