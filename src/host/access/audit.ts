import type { Actor } from '../../model/event.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { Audited, AuditFilter, AuditRecord, Catalog, Store } from '../../store/store.ts'
import type { Audit, Caller, Page } from '../app.ts'
import type { Clock } from '../clock.ts'
import { lacksServer } from './rights.ts'

/** What is written down of every change outside of runs. */
export interface AuditTrail {
  /** For one change: it and this are written together, or neither is. */
  of(by: Caller | Actor, action: string, target: string, detail?: string): Audited
  /** Of what changes nothing, such as a wrong password. What cannot be written down is told as a defect. */
  note(by: Caller | Actor, action: string, target: string, detail?: string): Promise<void>
}

interface Dependencies {
  readonly store: Pick<Store, 'audited'> & { readonly catalog: Pick<Catalog, 'audit' | 'audits'> }
  readonly clock: Clock
  readonly onDefect: (error: unknown) => void
}

export function auditTrail({ store, clock, onDefect }: Dependencies): AuditTrail & Audit {
  const { catalog } = store
  return {
    of: (by, action, target, detail = '') =>
      store.audited({ at: clock.now(), actor: actorOf(by), action, target, detail }),
    note: async (by, action, target, detail = '') => {
      try {
        await catalog.audit({ at: clock.now(), actor: actorOf(by), action, target, detail })
      } catch (error) {
        onDefect(new Error(`${action} of ${target} was not written into the audit record`, { cause: error }))
      }
    },
    list: async (caller, filter, { before, limit }): Promise<Result<Page<AuditRecord>>> => {
      const denied = lacksServer(caller, 'read the audit record')
      if (denied !== undefined) return denied
      const found = await catalog.audits(filter satisfies AuditFilter, before, limit + 1)
      const items = found.slice(0, limit)
      return accept({ items, next: found.length > limit ? (items.at(-1)?.number ?? null) : null })
    },
  }
}

const actorOf = (by: Caller | Actor): Actor => ('user' in by ? { kind: 'user', name: by.user.name } : by)
