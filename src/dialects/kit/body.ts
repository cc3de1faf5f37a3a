import { isJsonObject, type Json } from '../../model/json.ts'

/**
 * Request bodies. Parsed whatever their Content-Type says, as clients send `application/json` with nothing in
 * it and forms without a type. Refusals are values; nothing here throws for any bytes.
 */
export type BodyRefusal =
  /** More bytes than allowed (HTTP 413). */
  | 'too-large'
  /** The connection broke before the body was whole. */
  | 'unreadable'
  /** `Content-Encoding`: a body that would have to be unpacked first (HTTP 415). */
  | 'encoded'
  /** Not UTF-8. */
  | 'not-utf8'
  /** Not what it should be (JSON, YAML), or with text that no UTF-8 can carry. */
  | 'malformed'
  /** Nested deeper, or of more parts, than anybody means. */
  | 'too-deep'

export interface Refused {
  readonly ok: false
  readonly why: BodyRefusal
  /** One sentence: what was expected and what was found. */
  readonly message: string
}
export type Parsed<Value> = { readonly ok: true; readonly value: Value } | Refused

/** Nesting that a parsed body may have at most. */
export const BODY_DEPTH_MAX = 64
const FORM_FIELDS_MAX = 1_000

export const refuseBody = (why: BodyRefusal, message: string): Refused => ({ ok: false, why, message })

/** The raw bytes, at most `bytesMax` of them; empty when there is no body. Signatures are checked on these. */
export async function readBody(request: Request, bytesMax: number): Promise<Parsed<Uint8Array>> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding !== '' && encoding !== 'identity') {
    return refuseBody(
      'encoded',
      `expected a body without Content-Encoding, found ${JSON.stringify(encoding.slice(0, 64))}`,
    )
  }
  const tooLarge = refuseBody('too-large', `the body is longer than ${bytesMax} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) return tooLarge
  if (request.body === null) return { ok: true, value: new Uint8Array() }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      size += chunk.byteLength
      if (size > bytesMax) return tooLarge
      chunks.push(chunk)
    }
  } catch {
    return refuseBody('unreadable', 'the body could not be read to its end')
  }
  return { ok: true, value: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size) }
}

/** UTF-8 text; a byte order mark at the start is passed over, any other encoding refused. */
export function decodeUtf8(bytes: Uint8Array): Parsed<string> {
  try {
    return { ok: true, value: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return refuseBody('not-utf8', 'expected a body in UTF-8, found bytes that are not')
  }
}

/**
 * JSON (RFC 8259). An empty or blank body is `undefined`, which most vendors take for "no body".
 * A key `__proto__` is left out, so that no later copy of the value can be led astray by it.
 */
export function parseJson(bytes: Uint8Array): Parsed<Json | undefined> {
  const text = decodeUtf8(bytes)
  if (!text.ok) return text
  if (text.value.trim() === '') return { ok: true, value: undefined }
  if (isDeeperThan(text.value, BODY_DEPTH_MAX)) {
    return refuseBody('too-deep', `expected JSON of at most ${BODY_DEPTH_MAX} levels, found more`)
  }
  let wellFormed = true
  const check = (key: string, value: unknown): unknown => {
    if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) wellFormed = false
    return key === '__proto__' ? undefined : value
  }
  // Only an escape can hide half a character, or the letters of a key.
  const needsCheck = text.value.includes('\\u') || text.value.includes('__proto__')
  try {
    const value = JSON.parse(text.value, needsCheck ? check : undefined) as Json
    return wellFormed ? { ok: true, value } : refuseBody('malformed', 'the body has half a surrogate pair in a text')
  } catch {
    return refuseBody('malformed', 'expected a body in JSON, found something else')
  }
}

/** As {@link parseJson}, where nothing but an object, or no body (an empty object then), will do. */
export function parseJsonObject(bytes: Uint8Array): Parsed<{ readonly [key: string]: Json }> {
  const parsed = parseJson(bytes)
  if (!parsed.ok) return parsed
  if (parsed.value === undefined) return { ok: true, value: {} }
  if (isJsonObject(parsed.value)) return { ok: true, value: parsed.value }
  return refuseBody(
    'malformed',
    `expected a JSON object, found ${Array.isArray(parsed.value) ? 'an array' : 'a bare value'}`,
  )
}

/** `a=1&b=x+y`, at most 1000 fields. Bytes that percent escapes spell must be UTF-8 or become U+FFFD, as browsers do it. */
export function parseForm(bytes: Uint8Array): Parsed<URLSearchParams> {
  const text = decodeUtf8(bytes)
  if (!text.ok) return text
  const value = new URLSearchParams(text.value)
  if (value.size <= FORM_FIELDS_MAX) return { ok: true, value }
  return refuseBody('too-deep', `expected at most ${FORM_FIELDS_MAX} form fields, found ${value.size}`)
}

/** Looks at brackets outside of strings only, so that no parser has to meet the depth. */
function isDeeperThan(text: string, depthMax: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) {
          if (text.charCodeAt(at) === 0x5c) at += 1 // a backslash hides the next
        }
        break
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        if (depth > depthMax) return true
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        break
    }
  }
  return false
}
