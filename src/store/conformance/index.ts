import { describe } from 'vitest'
import { describeAudited } from './audited.ts'
import { describeCatalog } from './catalog.ts'
import { describeCommit } from './commit.ts'
import { describeDocuments } from './documents.ts'
import { describeEvents } from './events.ts'
import { describeKeys } from './keys.ts'
import { describeLife } from './life.ts'
import { describeOutbox } from './outbox.ts'
import type { Open } from './open.ts'
import { describeRemoval } from './removal.ts'
import { describeSecrets } from './secrets.ts'
import { describeSummaries } from './summaries.ts'

export type { Open } from './open.ts'

/**
 * The contract of store.ts as tests. Every adapter runs all of them from its own `*.test.ts`.
 * @param options.durable whether what was written is there after the store was closed and opened again
 */
export function describeStore(name: string, open: Open, options: { readonly durable: boolean }): void {
  describe(name, () => {
    describeCommit(open)
    describeEvents(open)
    describeSummaries(open)
    describeRemoval(open, options)
    describeCatalog(open)
    describeKeys(open)
    describeAudited(open, options)
    describeDocuments(open)
    describeOutbox(open)
    describeSecrets(open)
    describeLife(open, options)
  })
}
