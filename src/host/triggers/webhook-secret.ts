import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { SIGNATURES, type Signature } from '../../forge/forge.ts'
import type { ProjectId } from '../../model/id.ts'
import { isSealedText } from '../../model/secret.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { WebhookCall } from '../app.ts'
import { openedTexts } from '../secrets/sealed-text.ts'

/** A signature with a time in it is as good as new for so long. Standard Webhooks, section "Verifying webhook authenticity". */
const TOLERANCE_MS: DurationMs = 5 * 60_000
const PREFIX = 'whsec_'

/**
 * The secret of a webhook, in the form of Standard Webhooks: made of the server's own key, so that it is stored
 * nowhere. Another generation is another secret, and so is another webhook.
 */
export function webhookSecret(sealKey: Uint8Array, webhookId: string, generation: string): string {
  const made = hkdfSync('sha256', sealKey, '', `millrace webhook ${webhookId} ${generation}`, 32)
  return PREFIX + Buffer.from(made).toString('base64')
}

/**
 * What calls of a webhook may be signed with: the secret that the server makes for it or, where the definition has sealed
 * texts in its place, what is sealed in them. None of those that cannot be opened.
 */
export const secretsOf = (
  root: Uint8Array,
  project: ProjectId,
  webhookId: string,
  signed: string,
): readonly string[] =>
  isSealedText(signed) ? openedTexts(root, project, signed) : [webhookSecret(root, webhookId, signed)]

type Check = (call: WebhookCall, secret: string, now: Instant) => string | undefined

/** The header by which a way of signing is known, and what it must be. */
const WAYS = {
  standard: { headers: ['webhook-signature'], check: standardProblem },
  hub: { headers: ['x-hub-signature-256'], check: hubProblem },
  gitea: { headers: ['x-gitea-signature', 'x-forgejo-signature', 'x-gogs-signature'], check: giteaProblem },
  gitlab: { headers: ['x-gitlab-token'], check: gitlabProblem },
  gitee: { headers: ['x-gitee-token'], check: giteeProblem },
  codearts: { headers: ['x-repo-token', 'x-auth-token'], check: codeartsProblem },
} as const satisfies Record<Signature, { readonly headers: readonly string[]; readonly check: Check }>

/**
 * Whether a call was made by someone who knows the secret: Standard Webhooks; GitHub's and Gitea's HMAC of the body
 * under the secret as it is written; GitLab's and CodeArts Repo's token; Gitee's token or HMAC of its time.
 * @param secrets any one of them will do.
 * @param ways those that are taken; the first one whose header is there decides.
 * @returns why not, in words; undefined: it was.
 */
export function signatureProblem(
  call: WebhookCall | undefined,
  secrets: readonly string[],
  now: Instant,
  ways: readonly Signature[] = SIGNATURES,
): string | undefined {
  if (call === undefined) return 'this webhook takes signed calls only, and they come by another address'
  const way = ways.find((one) => WAYS[one].headers.some((name) => call.header(name) !== undefined))
  if (way !== undefined) {
    const problems = secrets.map((secret) => WAYS[way].check(call, secret, now))
    return problems.includes(undefined) ? undefined : (problems[0] ?? UNKNOWN)
  }
  const expected = ways.map((one) => WAYS[one].headers[0]).join(' or ')
  return `this webhook takes signed calls only, and no signature was found: expected ${expected}`
}

const UNKNOWN = 'what its calls are signed with was sealed for another project or server: nothing can be taken'

function hubProblem(call: WebhookCall, secret: string): string | undefined {
  return wrong(isEqual(call.header('x-hub-signature-256') ?? '', `sha256=${hmac(secret, call.body).toString('hex')}`))
}

function giteaProblem(call: WebhookCall, secret: string): string | undefined {
  const found = WAYS.gitea.headers.map((name) => call.header(name)).find((value) => value !== undefined)
  return wrong(isEqual(found ?? '', hmac(secret, call.body).toString('hex')))
}

function gitlabProblem(call: WebhookCall, secret: string): string | undefined {
  return wrong(isToken(call.header('x-gitlab-token') ?? '', secret))
}

/** One of the headers that a webhook there may be told to send its token in. usermanual-codeartsrepo, codeartsrepo_03_0023. */
function codeartsProblem(call: WebhookCall, secret: string): string | undefined {
  const tokens = WAYS.codearts.headers.map((name) => call.header(name) ?? '')
  return wrong(tokens.map((token) => isToken(token, secret)).includes(true))
}

function standardProblem(call: WebhookCall, secret: string, now: Instant): string | undefined {
  const signatures = call.header('webhook-signature') ?? ''
  const id = call.header('webhook-id') ?? ''
  const timestamp = call.header('webhook-timestamp') ?? ''
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) {
    return 'expected Webhook-Id and Webhook-Timestamp, in seconds, with the signature'
  }
  if (Math.abs(Number(timestamp) * 1_000 - now) > TOLERANCE_MS) {
    return 'the signature is too old, or the clocks of both sides differ by more than 5 minutes'
  }
  // A token that somebody chose is no key of this kind: what is left of it could be guessed.
  if (!secret.startsWith(PREFIX)) return wrong(false)
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const expected = `v1,${hmac(key, `${id}.${timestamp}.${call.body}`).toString('base64')}`
  return wrong(signatures.split(' ').some((signature) => isEqual(signature, expected)))
}

/** The secret itself, or (with a time in ms) the HMAC of time and secret, also percent-encoded. help.gitee.com, "WebHook 签名计算". */
function giteeProblem(call: WebhookCall, secret: string, now: Instant): string | undefined {
  const token = call.header('x-gitee-token') ?? ''
  if (isToken(token, secret)) return undefined
  const timestamp = call.header('x-gitee-timestamp') ?? ''
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(Number(timestamp) - now) > TOLERANCE_MS) {
    return 'the token is not the secret, and X-Gitee-Timestamp is not of the last 5 minutes'
  }
  const expected = hmac(secret, `${timestamp}\n${secret}`).toString('base64')
  return wrong([expected, encodeURIComponent(expected)].some((right) => isEqual(token, right)))
}

const wrong = (isRight: boolean): string | undefined =>
  isRight ? undefined : 'the signature is not that of this body and the secret of the webhook'

const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest()

/** Bytes of a header come as one character each (RFC 9110, 5.5); who has a token in other letters sends UTF-8. */
const isToken = (sent: string, secret: string): boolean => isEqual(Buffer.from(sent, 'latin1').toString('utf8'), secret)

/** In constant time, whatever the lengths. */
const isEqual = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** In the order of trust: names of one delivery, however often it is sent. */
const DELIVERY_HEADERS = [
  'webhook-id',
  'x-github-delivery',
  'x-gitea-delivery',
  'x-gogs-delivery',
  'idempotency-key',
  'x-gitlab-event-uuid',
] as const

/** Of fixed length, whatever the sender calls it; undefined: it has no name. */
export function deliveryOf(call: WebhookCall | undefined): string | undefined {
  for (const name of DELIVERY_HEADERS) {
    const value = call?.header(name)
    if (value !== undefined && value !== '') return createHash('sha256').update(`${name} ${value}`).digest('hex')
  }
  return undefined
}

/** The same for the same body only. */
export const contentOf = ({ body }: WebhookCall): string => createHash('sha256').update(`body ${body}`).digest('hex')
