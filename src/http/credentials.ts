import { AsyncLocalStorage } from 'node:async_hooks'
import type { Access, App, Caller } from '../host/app.ts'
import type { Instant } from '../model/time.ts'

/** What the making of one answer learned about the credential it was made for. */
export interface CredentialNote {
  /** The earliest end of the credentials used; null: none has an end. */
  expiresAt: Instant | null
  /** The credential belongs to this one request (a signature): its answer is for nobody else. */
  once: boolean
  /** The address that the request came from; null: not known. */
  readonly source: string | null
  /** Whom the credentials were found to stand for. */
  readonly callers: Caller[]
}

const notes = new AsyncLocalStorage<CredentialNote>()

/** Whom the credentials of the request that is being answered stand for, as far as they were looked at. */
export const requestCallers = (): readonly Caller[] => notes.getStore()?.callers ?? []

/** Makes something, writing down what is learned about credentials meanwhile. */
export type Noted = <Value>(note: CredentialNote, make: () => Value) => Value

/**
 * The same App, noting which credentials an answer was made with, whoever asked (native API or a dialect): a kept
 * answer must not outlive them, and no dialect should have to remember to say so.
 */
export function noteCredentials(app: App): { readonly app: App; readonly noted: Noted } {
  const seen = <Found extends Caller | string | undefined>(found: Found): Found => {
    const note = notes.getStore()
    if (note === undefined || typeof found !== 'object') return found
    note.callers.push(found)
    if (found.expiresAt === null) return found
    if (note.expiresAt === null || found.expiresAt < note.expiresAt) note.expiresAt = found.expiresAt
    return found
  }
  const inner = app.access
  const access: Access = {
    byToken: async (token) => seen(await inner.byToken(token)),
    byAccessKey: async (ak, securityToken) => {
      const note = notes.getStore()
      if (note !== undefined) note.once = true
      const found = await inner.byAccessKey(ak, securityToken)
      if (typeof found === 'object') note?.callers.push(found.caller)
      return found
    },
    failedSignature: (ak) => inner.failedSignature(ak),
    byApp: async (code, secret) => seen(await inner.byApp(code, secret)),
    byPassword: async (name, password, domain) =>
      seen(await inner.byPassword(name, password, domain, notes.getStore()?.source ?? null)),
    issueToken: (caller, label, expiresAt) => inner.issueToken(caller, label, expiresAt),
    issueAccessKey: (caller, label, expiresAt) => inner.issueAccessKey(caller, label, expiresAt),
    isValid: (caller) => inner.isValid(caller),
    revokeToken: (caller, id) => inner.revokeToken(caller, id),
    tokens: (caller) => inner.tokens(caller),
    user: (name) => inner.user(name),
    userById: (id) => inner.userById(id),
  }
  return {
    app: {
      access,
      projects: app.projects,
      pipelines: app.pipelines,
      runs: app.runs,
      documents: app.documents,
      notifications: app.notifications,
      findings: app.findings,
      tests: app.tests,
      artifacts: app.artifacts,
      secrets: app.secrets,
      users: app.users,
      audit: app.audit,
      feed: app.feed,
      runners: app.runners,
      runnerWire: app.runnerWire,
      now: () => app.now(),
      freshId: () => app.freshId(),
    },
    noted: (note, make) => notes.run(note, make),
  }
}
