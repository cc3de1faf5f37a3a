import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import type { Call, Route } from './route.ts'

type Handle<Asked = Call> = (call: Asked) => Promise<Response> | Response
type More = Partial<Pick<EndpointRow, 'also' | 'source' | 'served'>>

export const rowOf = (
  family: string,
  method: EndpointMethod,
  path: string,
  from: string,
  more: More = {},
): EndpointRow => ({ method, path, family, source: 'sibling', from, served: true, ...more })

/** Routes of one generation are written with this: the row of the table and what answers it, in one line. */
export const familyOf =
  (family: string) =>
  (method: EndpointMethod, path: string, from: string, handle: Handle, more: More = {}): Route => ({
    row: rowOf(family, method, path, from, more),
    handle,
  })

/** The same for what is answered without a caller. */
export const openOf =
  (family: string) =>
  (
    method: EndpointMethod,
    path: string,
    from: string,
    handle: Handle<Omit<Call, 'caller'>>,
    more: More = {},
  ): Route => ({ row: rowOf(family, method, path, from, more), open: true, handle })

/** What the original has there, and why it is not here. */
type Missing = readonly [method: EndpointMethod, path: string, from: string, reason: string]
/** @param base what their paths begin with. */
export const notServed = (family: string, base: string, missing: readonly Missing[]): readonly EndpointRow[] =>
  missing.map(([method, path, from, reason]) => rowOf(family, method, `${base}${path}`, from, { served: { reason } }))

export const V1 = 'V1 (2017)'

/** GET on the same path gives what its first message holds. */
export const webSocket = (family: string, path: string, from: string): EndpointRow => rowOf(family, 'WS', path, from)
export const V2 = 'V2 (October 2017)'
export const ZADIG = 'Zadig 1.x'
export const ZADIG_PUBLIC = 'Zadig’s public API, 1.0 to 1.18'
export const ZADIG_V4 = 'Zadig from 1.13'
