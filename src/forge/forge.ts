import type { Change, ForgeName } from '../model/change.ts'
import type { Json } from '../model/json.ts'
import type { RunStatus } from '../model/status.ts'

/** A forge: how its webhooks are signed and read, and how it is told what became of a commit. Pure: nothing is sent here. */
export interface Forge {
  readonly name: ForgeName
  /** Ways of signing that its calls may have; host/triggers/webhook-secret.ts checks them. */
  readonly signatures: readonly Signature[]
  /** @param body a call whose signature was checked, parsed */
  read(call: Headers, body: Json): Reading
  /** Address of its API when the definition does not say; null: it must. */
  readonly api: string | null
  readonly states: Readonly<Record<RunStatus, string>>
  statusRequest(status: StatusReport): StatusRequest
}

export const SIGNATURES = ['standard', 'hub', 'gitea', 'gitlab', 'gitee', 'codearts'] as const
/** `hub`: HMAC of the body as GitHub makes it; `standard`: Standard Webhooks; `codearts`: CodeArts Repo. */
export type Signature = (typeof SIGNATURES)[number]

export interface Headers {
  /** By its name in lower case. */
  header(name: string): string | undefined
}

export type Reading =
  | { readonly kind: 'change'; readonly change: Change; readonly files: ChangedFiles | null }
  /** Nothing that a run could be of: why, as a sentence. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** Not what this forge sends. */
  | { readonly kind: 'invalid'; readonly reason: string }

/** null where a forge does not tell: of merge requests none does. */
export interface ChangedFiles {
  readonly paths: readonly string[]
  /** False: the forge has left some out. */
  readonly complete: boolean
}

/** What a forge is told of one run of a commit. */
export interface StatusReport {
  /** Address of its API, without a slash at the end. */
  readonly api: string
  readonly token: string
  readonly repository: string
  readonly sha: string
  readonly ref: string
  readonly status: RunStatus
  /** Name of this status among those of the commit. */
  readonly context: string
  readonly description: string
  /** Where the run is looked at; empty: nowhere. */
  readonly url: string
}

export interface StatusRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Longest description that all forges take (GitHub: 140). */
export const DESCRIPTION_MAX = 140
