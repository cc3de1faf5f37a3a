import type { z } from 'zod'
import type { App, Caller } from '../../host/app.ts'
import type { ProblemCode, Result } from '../../model/problem.ts'
import type { Chunks } from '../answer-cache.ts'
import type { Logger } from '../logger.ts'
import type { LogIndexes } from './log-index.ts'
import type { Foreign } from '../foreign.ts'
import type { StreamSlots } from '../streams.ts'

/** What the native API is built with. */
export interface NativeContext {
  readonly app: App
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** Of request bodies. */
  readonly bodyMaxBytes: number
  /** Aborted when the server closes: streams end. */
  readonly closing: AbortSignal
  readonly logger: Logger
  readonly streams: StreamSlots
  /** Left out where nobody is served but ourselves. */
  readonly foreign?: Foreign
  readonly logs: LogIndexes
  readonly server: ServerFacts
}

/** What the server runs with, as its admins are told. */
export interface ServerFacts {
  readonly version: string
  readonly settings: readonly ShownSetting[]
}
export interface ShownSetting {
  /** The variable that sets it. */
  readonly name: string
  /** null: nothing. */
  readonly value: string | null
  readonly isSecret: boolean
  readonly standard: string
  readonly doc: string
}

/** One request, checked: what a handler sees. */
export interface Call<Query, Body> {
  readonly app: App
  readonly caller: Caller
  /** Decoded path parameters. */
  readonly param: (name: string) => string
  readonly query: Query
  readonly body: Body
  readonly header: (name: string) => string | undefined
  /** The request as it came, for what is not JSON. */
  readonly url: URL
  /** Aborted when the reader goes away or the server closes. */
  readonly signal: AbortSignal
  readonly context: NativeContext
}

export type Reply<Wire> = ReplyHead & ({ readonly body: Wire } | { readonly json: JsonText<Wire> })

declare const json: unique symbol
/** JSON of such a value, where making it anew each time would cost too much. */
export type JsonText<Wire> = (string | Chunks) & { readonly [json]: Wire }

interface ReplyHead {
  readonly status?: 200 | 201 | 202 | 204
  readonly headers?: Readonly<Record<string, string>>
  /** Without quotes. */
  readonly etag?: string
  /** Topics the answer is made of; without them it is made anew for every request. */
  readonly depends?: readonly string[]
}
/** Bytes instead of JSON. */
export interface ByteReply {
  /** 206 and 416 belong to ranges. */
  readonly status?: 200 | 206 | 416
  readonly bytes: ReadableStream<Uint8Array> | string
  readonly headers: Readonly<Record<string, string>>
}

export interface RouteSpec<Query extends z.ZodType, Body extends z.ZodType, Wire extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/api/v1/runs/{run}`; fixed paths stand before those with a parameter in routes.ts. */
  readonly path: string
  /** operationId: the client's method is called alike. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly query?: Query
  /** The JSON body; may be left out by the sender when the schema takes `{}`. */
  readonly body?: Body
  /** Besides JSON the body may be this text: makes of it, and of the query, what the JSON would have been. */
  readonly textBody?: (text: string, url: URL) => unknown
  /** The body is taken as text, whatever it is: its sender was not written for us. */
  readonly rawBody?: true
  /** Request headers that it reads, with their meaning. */
  readonly headers?: Readonly<Record<string, string>>
  /** Answers without a token: the path holds a secret of its own. */
  readonly open?: true
  readonly status: 200 | 201 | 202 | 204
  /** Statuses that a range of bytes may be answered with besides. */
  readonly ranges?: readonly (206 | 416)[]
  /** JSON by this schema, or bytes of this media type. */
  readonly answer: { readonly json: Wire } | { readonly bytes: string } | 'nothing'
  /** Refusals of its own, besides those that every route has. */
  readonly problems: readonly ProblemCode[]
  readonly handle: (call: Call<z.output<Query>, z.output<Body>>) => Promise<Result<Reply<z.output<Wire>> | ByteReply>>
}

/** A route with its types forgotten: what the router and the OpenAPI document go through. */
export type Route = RouteSpec<z.ZodType, z.ZodType, z.ZodType>

/** Checks a route's handler against its schemas, then forgets them: the router gives it only what they let through. */
export const route = <Query extends z.ZodType, Body extends z.ZodType, Wire extends z.ZodType>(
  spec: RouteSpec<Query, Body, Wire>,
): Route => spec
