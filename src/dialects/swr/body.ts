import { isJsonObject, type Json } from '../../model/json.ts'
import { parseJson, readBody as readBytes, type BodyRefusal, type Refused } from '../kit/body.ts'
import { gatewayErrors } from '../kit/gateway.ts'
import { parseYaml } from '../kit/yaml.ts'
import { errors, type VendorError } from './errors.ts'
import type { Read } from './request.ts'

const bodyError = {
  'too-large': gatewayErrors.tooLarge,
  unreadable: errors.badParameter,
  encoded: errors.badParameter,
  'not-utf8': errors.badParameter,
  malformed: errors.badParameter,
  'too-deep': errors.badParameter,
} as const satisfies Record<BodyRefusal, VendorError>

const refused = ({ why, message }: Refused): Read<never> => ({ ok: false, error: bodyError[why], detail: message })
const wrong = (detail: string): Read<never> => ({ ok: false, error: errors.badParameter, detail })

/** The raw bytes, at most `bytesMax` of them: signatures are checked on these. */
export async function readBody(request: Request, bytesMax: number): Promise<Read<Uint8Array>> {
  const bytes = await readBytes(request, bytesMax)
  return bytes.ok ? bytes : refused(bytes)
}

/**
 * A document in YAML or JSON. What a client says that it sends is not asked: JSON is YAML too, but its parser is the
 * quicker one, and knows no limit of ours below that of all bodies. Most fields are text, quoted or not: a `tag: 1.10` is not
 * 1.1.
 */
export function parseDocument(bytes: Uint8Array): Read<Json | undefined> {
  const json = parseJson(bytes)
  if (json.ok || json.why === 'too-deep' || json.why === 'not-utf8') return json.ok ? json : refused(json)
  const yaml = parseYaml(bytes, { keepsDigits: true })
  return yaml.ok ? yaml : refused(yaml)
}

/**
 * The body of start_info: `{mode: "review", review_result: "pass" | "refuse"}`. The vendor's own sample has a comma
 * before the closing brace, which is YAML but not JSON: so it is read as YAML, which JSON is too.
 */
export function parseReview(bytes: Uint8Array): Read<'approve' | 'reject'> {
  const parsed = parseYaml(bytes)
  if (!parsed.ok) return refused(parsed)
  const body = isJsonObject(parsed.value) ? parsed.value : {}
  if (body['mode'] !== 'review') return wrong('mode must be review')
  if (body['review_result'] === 'pass') return { ok: true, value: 'approve' }
  if (body['review_result'] === 'refuse') return { ok: true, value: 'reject' }
  return wrong('review_result must be pass or refuse')
}
