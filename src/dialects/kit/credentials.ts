import type { App } from '../../host/app.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { SEALED_TEXT } from '../../model/secret.ts'

/** Credentials in the middle of vendors' documents: sealed before they are stored, and shown as stars. */

/** `Secrets.sealText` of host/app.ts, for one place. */
export type Seal = (value: string) => string
/** For definitions and documents. */
export const sealFor =
  (app: App, project: ProjectId): Seal =>
  (value) =>
    app.secrets.sealText({ project }, value)
/** For what runs of a pipeline are started with. */
export type SealParam = (name: string) => Seal
export const sealParams =
  (app: App, project: ProjectId, pipeline: PipelineId): SealParam =>
  (name) =>
  (value) =>
    app.secrets.sealText({ project, param: { pipeline, name } }, value)

/**
 * An address whose password, or whose token in the place of a user, is sealed; one without stays as it is. Of ssh only a
 * password is: a user there is none.
 */
export const sealLogin = (address: string, seal: Seal): string =>
  address.replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]+)@/i, (whole, scheme: string, login: string) => {
    const colon = login.indexOf(':')
    if (colon < 0) return /^https?:/i.test(scheme) ? `${scheme}${seal(login)}@` : whole
    const password = login.slice(colon + 1)
    return password === '' ? whole : `${scheme}${login.slice(0, colon)}:${seal(password)}@`
  })

/** By how a name ends: `access_token`, `X-Amz-Signature`, `apikey`; a `design` is better sealed than an `appsign` shown. */
const TELLING =
  /(?:token|secret|key|sign|sig|signature|password|passwd|pwd|pass|auth|authorization|credentials?|ticket)$/i

/**
 * An address that is called, in which what the query says under such a name is sealed: whoever knows it can call, too. What a
 * param gives (`${`) is known to a run only.
 */
export function sealQuery(address: string, seal: Seal): string {
  const [whole, before, query] = /^(https?:[^?#]*\?)([^#]*)/i.exec(address) ?? []
  if (whole === undefined || before === undefined || query === undefined) return address
  const pairs = query.split('&').map((pair) => {
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    return at < 1 || value === '' || value.includes('${') || !TELLING.test(name) ? pair : `${name}=${seal(value)}`
  })
  return before + pairs.join('&') + address.slice(whole.length)
}

/** As it may be shown. */
export const masked = (text: string, stars: string): string => text.replaceAll(SEALED_TEXT, stars)

/** JSON in which nothing that is sealed is shown. */
export const maskedJson = (value: unknown, stars: string): string => masked(JSON.stringify(value), stars)

/** The same value with every text in it changed. @param field the name that the text has, or the nearest above it. */
export function mapTexts(value: Json, change: (text: string, field: string) => string, field = ''): Json {
  if (typeof value === 'string') return change(value, field)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => mapTexts(item, change, field))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change, name)]))
}

/**
 * What comes back as it was shown is what it was: every text of `now` that has stars in it and is, under the same name,
 * what something of `before` is shown as.
 */
export function withKeptTexts(now: JsonObject, before: Json, stars: string): JsonObject {
  const known = new Map<string, string>()
  mapTexts(before, (text, field) => {
    const shown = masked(text, stars)
    // Where two are shown alike it is the first: what they differ in, nobody sees.
    if (shown !== text && !known.has(`${field}\n${shown}`)) known.set(`${field}\n${shown}`, text)
    return text
  })
  if (known.size === 0) return now
  return mapTexts(now, (text, field) =>
    text.includes(stars) ? (known.get(`${field}\n${text}`) ?? text) : text,
  ) as JsonObject
}
