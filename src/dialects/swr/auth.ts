import type { App, Caller } from '../../host/app.ts'
import { errors, type VendorError } from './errors.ts'

export type Known = { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly error: VendorError }

/** X-Auth-Token, the one way that the seed asks for. */
export async function authenticate(app: App, request: Request): Promise<Known> {
  const token = request.headers.get('X-Auth-Token')
  if (token === null || token === '') return { ok: false, error: errors.missingCredential }
  const caller = await app.access.byToken(token)
  return caller === undefined ? { ok: false, error: errors.badToken } : { ok: true, caller }
}
