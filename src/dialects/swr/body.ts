import { parse } from 'yaml'
import { errors } from './errors.ts'
import type { Read } from './request.ts'

/** `{mode: "review", review_result: "pass" | "refuse"}` needs no more. */
const BODY_MAX_BYTES = 16_384

/**
 * The body of start_info. The vendor's own sample has a comma before the closing brace, which is YAML but not JSON:
 * so it is read as YAML, which JSON is too.
 */
export async function readReview(request: Request, bodyMaxBytes: number): Promise<Read<'approve' | 'reject'>> {
  const bytes = await readBytes(request.body, Math.min(bodyMaxBytes, BODY_MAX_BYTES))
  if (bytes === undefined)
    return { ok: false, error: errors.tooLarge, detail: `the body has at most ${BODY_MAX_BYTES} bytes` }
  const body = parsed(new TextDecoder().decode(bytes))
  if (body?.['mode'] !== 'review') return wrong('mode must be review')
  if (body['review_result'] === 'pass') return { ok: true, value: 'approve' }
  if (body['review_result'] === 'refuse') return { ok: true, value: 'reject' }
  return wrong('review_result must be pass or refuse')
}

const wrong = (detail: string): Read<never> => ({ ok: false, error: errors.badParameter, detail })

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0, logLevel: 'silent' })
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    // Malformed, or nested deeper than the stack.
    return undefined
  }
}

/** All bytes, or undefined as soon as there are more than allowed. */
async function readBytes(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
