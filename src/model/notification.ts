/**
 * `ended`: a run has, however; `failed`: unsuccessfully; `recovered`: with success, where the one before had not;
 * `needs_person`: a review, a held node, a start.
 */
export const NOTIFICATION_EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number]

/** An address of e-mail: no name, no list, nothing that a header would read. */
export const EMAIL_ADDRESS = /^[^\s@<>(),;:"\p{Cc}]{1,64}@[^\s@<>(),;:"\p{Cc}]{1,255}$/u
export const EMAIL_ADDRESSES_MAX = 20
export const WEBHOOK_URL_MAX = 2_048

/** A user in it would be seen by all who see who is told. */
export const WEBHOOK_URL = /^https?:\/\/[^\s@]+$/i

/** Who is told of what becomes of a pipeline's runs, as its definition says. */
export interface NotifySpec {
  readonly on: readonly NotificationEvent[]
  readonly to:
    /** `secret`: name of the secret that signs as Standard Webhooks do; null: it is not signed. */
    | { readonly kind: 'webhook'; readonly url: string; readonly secret: string | null }
    | { readonly kind: 'email'; readonly addresses: readonly string[] }
}
export const NOTIFY_MAX = 10
