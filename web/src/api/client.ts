import { createClient } from '../../../src/client/client.ts'

/** The public API, as everybody has it; who we are is in a cookie that scripts cannot read. */
export const client = createClient({ baseUrl: window.location.origin, token: null })

export { ClientError } from '../../../src/client/client.ts'

/** For one call with another credential than the session, which is not sent. */
export const clientWith = (token: string) =>
  createClient({
    baseUrl: window.location.origin,
    token,
    fetch: (input, init) => fetch(input, { ...init, credentials: 'omit' }),
  })
