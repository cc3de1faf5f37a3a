import type { Actor } from '../../model/event.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Audited, AuditFilter, AuditRecord, Catalog, Store } from '../../store/store.ts'
import type { Audit, Caller, Page } from '../app.ts'
import type { Clock } from '../clock.ts'

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

/** @returns the refusal for who is not an admin of the whole server: one of some projects could give themselves the rest. */
export function lacksServer(caller: Caller, what: string) {
  if (caller.role === 'admin' && caller.projectIds === null) return undefined
  const found = caller.role === 'admin' ? 'admin of some projects' : caller.role
  return refuse('forbidden', `${caller.user.name} may not ${what}: it takes an admin of all projects, found ${found}`)
}
