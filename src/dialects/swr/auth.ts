import type { App, Caller } from '../../host/app.ts'
import { authenticate, type AuthenticationFailure } from '../kit/auth.ts'
import { credentialMessage } from '../kit/gateway.ts'
import { errors, type VendorError } from './errors.ts'

export type Known =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly error: VendorError; readonly detail: string }

/** Which of the vendor's errors a refused credential is ("错误码", 4010000 and 4012000). */
export const authError = {
  missing: errors.missingCredential,
  'bad-token': errors.badCredential,
  expired: errors.badCredential,
  malformed: errors.badCredential,
  'unknown-key': errors.badCredential,
  locked: errors.badCredential,
  'clock-skew': errors.badCredential,
  'bad-signature': errors.badCredential,
} as const satisfies Record<AuthenticationFailure, VendorError>

/** X-Auth-Token, as the seed asks for it, or a signature with AK/SK. `unsignedPayload`: one that leaves the body out. */
export async function knowCaller(
  app: App,
  request: Request,
  body: Uint8Array,
  options: { readonly unsignedPayload: boolean },
): Promise<Known> {
  const known = await authenticate(app, request, body, options)
  if (known.ok) return { ok: true, caller: known.caller }
  return { ok: false, error: authError[known.why], detail: credentialMessage(known) }
}
