import type { App, Caller } from '../../host/app.ts'
import { authenticate, type Authentication } from './auth.ts'
import { readBody, type Refused } from './body.ts'

/** A request whose body is whole and whose caller is known. */
export interface Received {
  readonly caller: Caller
  readonly body: Uint8Array
}
export type Receipt =
  | { readonly ok: true; readonly value: Received }
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'credential'; readonly refused: Extract<Authentication, { ok: false }> }

/** Reads the body (a signature covers it), then asks who sent it. */
export async function receive(
  app: App,
  request: Request,
  options: { readonly bodyMaxBytes: number; readonly unsignedPayload?: boolean },
): Promise<Receipt> {
  const body = await readBody(request, options.bodyMaxBytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  const known = await authenticate(app, request, body.value, options)
  if (!known.ok) return { ok: false, kind: 'credential', refused: known }
  return { ok: true, value: { caller: known.caller, body: body.value } }
}
