import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import type { Call, Route } from './route.ts'

type Handle = (call: Call) => Promise<Response> | Response

/** Routes of one generation are written with this: the row of the table and what answers it, in one line. */
export const familyOf =
  (family: string) =>
  (
    method: EndpointMethod,
    path: string,
    from: string,
    handle: Handle,
    more: Partial<Pick<EndpointRow, 'also' | 'source'>> = {},
  ): Route => ({
    row: { method, path, family, source: 'sibling', from, served: true, ...more },
    handle,
  })

export const notServed = (
  family: string,
  method: EndpointMethod,
  path: string,
  from: string,
  reason: string,
): EndpointRow => ({ method, path, family, source: 'sibling', from, served: { reason } })

export const V1 = 'V1 (2017)'

/** GET on the same path gives what its first message holds. */
export const webSocket = (family: string, path: string, from: string): EndpointRow => ({
  method: 'WS',
  path,
  family,
  source: 'sibling',
  from,
  served: true,
})
export const V2 = 'V2 (October 2017)'
export const ZADIG = 'Zadig 1.x'
export const ZADIG_PUBLIC = 'Zadig’s public API, 1.0 to 1.18'
export const ZADIG_V4 = 'Zadig from 1.13'
