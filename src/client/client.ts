import type { NodeAction, RunAction } from '../model/command.ts'
import { ClientError } from './error.ts'
import { at, type Ref } from './path.ts'
import { readBytes } from './sse.ts'
import { type EventSelection, followEvents, followLog, untilAnswered } from './streams.ts'
import { type Call, type ClientOptions, transport, unreachable, waitMs } from './transport.ts'
import type * as wire from './wire.ts'

export { ClientError } from './error.ts'
export type { ClientErrorCode } from './error.ts'
export type { EventSelection } from './streams.ts'
export type { ClientOptions } from './transport.ts'
export type * from './wire.ts'

interface WithSignal {
  readonly signal?: AbortSignal | undefined
}
interface PageOf {
  /** 1 to 100; 50 without it. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}
export interface RunQuery extends PageOf {
  readonly status?: readonly wire.RunStatus[] | undefined
  readonly project?: string | undefined
  readonly pipeline?: string | undefined
  readonly needsPerson?: boolean | undefined
  /** Part of the pipeline's name. */
  readonly text?: string | undefined
  /** Who or what made it: `cause.by`. */
  readonly by?: string | undefined
  readonly cause?: readonly wire.RunSummary['cause']['kind'][] | undefined
  readonly createdFrom?: Date | undefined
  readonly createdTo?: Date | undefined
}
export interface RerunRun {
  readonly params?: wire.NewRun['params']
  /** `title` is what people call it. */
  readonly annotations?: wire.NewRun['annotations']
  /** Keys of stages and tasks: the others are left out. */
  readonly only?: readonly string[] | undefined
  /** Keys of stages and tasks that are left out. */
  readonly exclude?: readonly string[] | undefined
  /** Whose tasks and turns go first when there is not room for all. */
  readonly priority?: wire.NewRun['priority']
  /** The same key and input within 24 hours give the same run, once. */
  readonly idempotencyKey?: string | undefined
}
export interface StartRun extends RerunRun, WithSignal {
  /** Stay `waiting` until someone starts it. */
  readonly wait?: boolean
  /** When two projects have a pipeline of this name. */
  readonly project?: string | undefined
}

export type Client = ReturnType<typeof createClient>

/**
 * The native API, one method per use case. Everything throws {@link ClientError} and nothing else, but the reason of
 * a signal that was aborted. It runs wherever there is `fetch`.
 */
export function createClient(options: ClientOptions) {
  const send = transport(options)
  const link = (signal: AbortSignal | undefined) => ({ wait: options.wait ?? waitMs, signal, onCut: options.onCut })
  const json = async <Wire>(path: string, call?: Call): Promise<Wire> => {
    const response = await send(path, call)
    try {
      return (await response.json()) as Wire
    } catch (error) {
      throw error instanceof SyntaxError
        ? new ClientError('not_millrace', `${options.baseUrl} did not answer with JSON`, { status: response.status })
        : unreachable(error, options.baseUrl, call?.signal)
    }
  }
  const nothing = async (path: string, call: Call): Promise<void> => {
    await (await send(path, call)).body?.cancel()
  }
  const secretsPath = (owner: SecretOwner): string =>
    owner.pipeline === undefined
      ? at`/api/v1/projects/${owner.project ?? ''}/secrets`
      : at`/api/v1/pipelines/${owner.pipeline}/secrets`
  const projectOf = ({ pipeline, project }: SecretOwner): string | undefined =>
    pipeline === undefined || project === undefined ? undefined : String(project)
  const logPath = (run: Ref, node: string): string => at`/api/v1/runs/${run}/nodes/${node}/log`

  return {
    me: ({ signal }: WithSignal = {}) => json<wire.Me>('/api/v1/me', { signal }),

    /** For a browser: who signs in is known by a cookie from then on. */
    session: {
      begin: (body: wire.NewSession) => json<wire.Me>('/api/v1/session', { method: 'POST', body }),
      end: () => nothing('/api/v1/session', { method: 'DELETE' }),
    },

    projects: {
      list: ({ signal }: WithSignal = {}) => json<{ items: wire.Project[] }>('/api/v1/projects', { signal }),
      get: (project: Ref) => json<wire.Project>(at`/api/v1/projects/${project}`),
      create: (body: { readonly name: string; readonly description?: string }) =>
        json<wire.Project>('/api/v1/projects', { method: 'POST', body }),
    },

    /** What the server runs with. */
    server: ({ signal }: WithSignal = {}) => json<wire.ServerInfo>('/api/v1/server', { signal }),

    /** By id or name. */
    runners: {
      list: ({ signal }: WithSignal = {}) => json<{ items: wire.Runner[] }>('/api/v1/runners', { signal }),
      create: (name: string) => json<wire.IssuedRunner>('/api/v1/runners', { method: 'POST', body: { name } }),
      get: (runner: string) => json<wire.Runner>(at`/api/v1/runners/${runner}`),
      remove: (runner: string) => nothing(at`/api/v1/runners/${runner}`, { method: 'DELETE' }),
      pause: (runner: string) => json<wire.Runner>(at`/api/v1/runners/${runner}/pause`, { method: 'POST' }),
      resume: (runner: string) => json<wire.Runner>(at`/api/v1/runners/${runner}/resume`, { method: 'POST' }),
    },

    pipelines: {
      list: ({
        signal,
        ...query
      }: PageOf &
        WithSignal & { project?: string | undefined; text?: string | undefined; runs?: number | undefined } = {}) =>
        json<wire.Page<wire.ListedPipeline>>('/api/v1/pipelines', { query, signal }),
      get: (pipeline: Ref, { project, signal }: WithSignal & { project?: string | undefined } = {}) =>
        json<wire.Pipeline>(at`/api/v1/pipelines/${pipeline}`, { query: { project }, signal }),
      create: (body: { readonly project: string; readonly definition: string; readonly file?: string }) =>
        json<wire.Pipeline>('/api/v1/pipelines', { method: 'POST', body }),
      /** @param expectedVersion refused as `stale_version` when it is not the newest. */
      update: (
        pipeline: Ref,
        body: { readonly definition: string; readonly file?: string },
        expectedVersion?: number,
      ) =>
        json<wire.Pipeline>(at`/api/v1/pipelines/${pipeline}`, {
          method: 'PUT',
          body,
          ...(expectedVersion === undefined ? {} : { headers: { 'if-match': `"${expectedVersion}"` } }),
        }),
      remove: (pipeline: Ref) => nothing(at`/api/v1/pipelines/${pipeline}`, { method: 'DELETE' }),
      versions: (pipeline: Ref) => json<wire.VersionList>(at`/api/v1/pipelines/${pipeline}/versions`),
      version: (pipeline: Ref, version: number) =>
        json<wire.Version>(at`/api/v1/pipelines/${pipeline}/versions/${version}`),
    },

    triggers: {
      /** When the schedules of a pipeline come due next, and what was refused. */
      next: (pipeline: Ref, { signal, ...query }: WithSignal & { project?: string | undefined; count?: number } = {}) =>
        json<wire.NextFires>(at`/api/v1/pipelines/${pipeline}/next`, { query, signal }),
      /** What calls of a signed webhook are signed with. */
      secret: (pipeline: Ref, webhook: string, query: { project?: string | undefined } = {}) =>
        json<wire.WebhookSecret>(at`/api/v1/pipelines/${pipeline}/webhooks/${webhook}/secret`, { query }),
      /** Fires what listens to a channel of a project. */
      publish: (
        project: Ref,
        channel: string,
        { params = {}, idempotencyKey }: { params?: Readonly<Record<string, string>>; idempotencyKey?: string } = {},
      ) =>
        json<wire.FiredList>(at`/api/v1/projects/${project}/channels/${channel}`, {
          method: 'POST',
          body: { params },
          ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
        }),
    },

    notifications: {
      list: (project: Ref) => json<wire.NotificationList>(at`/api/v1/projects/${project}/notifications`),
      /** The secret in the answer is given once. */
      create: (project: Ref, body: wire.NewNotification) =>
        json<wire.IssuedNotification>(at`/api/v1/projects/${project}/notifications`, { method: 'POST', body }),
      /** The secret of before signs beside the new one for 24 hours. */
      rotate: (id: string) => json<wire.NotificationSecret>(at`/api/v1/notifications/${id}/rotate`, { method: 'POST' }),
      /** Sends a message that tells of no run. */
      test: (id: string) => json<wire.Delivery>(at`/api/v1/notifications/${id}/test`, { method: 'POST' }),
      enable: (id: string) => json<wire.Notification>(at`/api/v1/notifications/${id}/enable`, { method: 'POST' }),
      remove: (id: string) => nothing(at`/api/v1/notifications/${id}`, { method: 'DELETE' }),
      deliveries: (
        query: PageOf & {
          readonly project?: string | undefined
          readonly notification?: string | undefined
          readonly state?: wire.Delivery['state'] | undefined
        } = {},
      ) => json<wire.DeliveryList>('/api/v1/deliveries', { query: { ...query } }),
      /** Sends it again, from its first try. */
      replay: (id: string) => json<wire.Delivery>(at`/api/v1/deliveries/${id}/replay`, { method: 'POST' }),
    },

    validate: (definition: string, file?: string) =>
      json<wire.Validation>('/api/v1/validate', {
        method: 'POST',
        body: { definition, ...(file === undefined ? {} : { file }) },
      }),

    runs: {
      start: (pipeline: Ref, { idempotencyKey, project, signal, ...body }: StartRun = {}) =>
        json<wire.Run>(at`/api/v1/pipelines/${pipeline}/runs`, {
          method: 'POST',
          query: { project },
          body,
          ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
          signal,
        }),
      /** What is under way in a pipeline's concurrency group, and what waits for its turn. */
      queue: (pipeline: Ref, { project, signal }: WithSignal & { project?: string | undefined } = {}) =>
        json<wire.Queue>(at`/api/v1/pipelines/${pipeline}/queue`, { query: { project }, signal }),
      list: ({ needsPerson, createdFrom, createdTo, signal, ...query }: RunQuery & WithSignal = {}) =>
        json<wire.Page<wire.RunSummary>>('/api/v1/runs', {
          query: {
            ...query,
            needs_person: needsPerson,
            created_from: createdFrom?.toISOString(),
            created_to: createdTo?.toISOString(),
          },
          signal,
        }),
      /** @param options `asOf`: as it was when its `seq` was this, or at this time. */
      get: (run: Ref, { asOf, signal }: WithSignal & { readonly asOf?: number | Date | undefined } = {}) =>
        json<wire.Run>(at`/api/v1/runs/${run}`, {
          query: { as_of: asOf instanceof Date ? asOf.toISOString() : asOf },
          signal,
        }),
      timeline: (run: Ref, { signal }: WithSignal = {}) =>
        json<wire.Timeline>(at`/api/v1/runs/${run}/timeline`, { signal }),
      estimate: (run: Ref, { signal }: WithSignal = {}) =>
        json<wire.Estimate>(at`/api/v1/runs/${run}/estimate`, { signal }),
      /** As each of the foreign APIs tells it. */
      asSeenBy: (run: Ref, { signal }: WithSignal = {}) =>
        json<wire.AsSeenBy>(at`/api/v1/runs/${run}/as-seen-by`, { signal }),
      /** The same again, with some params and annotations replaced. */
      rerun: (run: Ref, { idempotencyKey, ...body }: RerunRun = {}) =>
        json<wire.Run>(at`/api/v1/runs/${run}/rerun`, {
          method: 'POST',
          body,
          ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
        }),
      /** Where up to 100 runs are. */
      batch: (ids: readonly Ref[]) =>
        json<wire.RunBatch>('/api/v1/runs/batch', { method: 'POST', body: { ids: ids.map(String) } }),
      act: (run: Ref, action: RunAction, body: wire.RunActionBody = {}) =>
        json<wire.Run>(at`/api/v1/runs/${run}/actions/${action}`, { method: 'POST', body }),
      explain: (run: Ref) => json<{ items: wire.Explanation[] }>(at`/api/v1/runs/${run}/explain`),
      events: (run: Ref, query: { readonly after?: number; readonly limit?: number } = {}) =>
        json<wire.EventList>(at`/api/v1/runs/${run}/events`, { query: { ...query } }),
      /** The run now and after everything that happens to it, until it has ended. */
      watch: (run: Ref, { signal }: WithSignal = {}) => watch(String(run), signal),
    },

    nodes: {
      get: (run: Ref, node: string) => json<wire.Node>(at`/api/v1/runs/${run}/nodes/${node}`),
      act: (run: Ref, node: string, action: NodeAction, body: wire.NodeActionBody = {}) =>
        json<wire.Run>(at`/api/v1/runs/${run}/nodes/${node}/actions/${action}`, { method: 'POST', body }),
      explain: (run: Ref, node: string) =>
        json<{ items: wire.Explanation[] }>(at`/api/v1/runs/${run}/nodes/${node}/explain`),
    },

    logs: {
      /** What there is now. */
      read: async (run: Ref, node: string, { attempt, offset, signal }: LogQuery = {}) => {
        const response = await send(logPath(run, node), { query: { attempt, offset }, signal })
        const header = (name: string): string | null => response.headers.get(`millrace-log-${name}`)
        return {
          attempt: Number(header('attempt')),
          offset: Number(header('offset')),
          size: Number(header('size')),
          ended: header('ended') === 'true',
          bytes: bytesOf(response, signal),
        }
      },
      /** A window of lines; `beyond`: once the log is longer than so many bytes, or has ended. */
      lines: (run: Ref, node: string, { signal, ...query }: LineQuery = {}) =>
        json<wire.LogLines>(`${logPath(run, node)}/lines`, { query, signal }),
      search: (run: Ref, node: string, text: string, { signal, ...query }: Omit<LineQuery, 'count' | 'beyond'> = {}) =>
        json<wire.LogMatches>(`${logPath(run, node)}/search`, { query: { ...query, text }, signal }),
      /** Everything from `offset` until the last byte, each once, across cuts. */
      follow: (run: Ref, node: string, { attempt, offset = 0, signal }: LogQuery = {}): AsyncIterable<Uint8Array> =>
        followLog(send, { path: logPath(run, node), attempt, offset }, link(signal)),
    },

    artifacts: {
      /** Files that the tasks of a run have kept. */
      list: (run: Ref) => json<wire.ArtifactList>(at`/api/v1/runs/${run}/artifacts`),
      read: async (run: Ref, name: string, { signal }: WithSignal = {}): Promise<AsyncIterable<Uint8Array>> =>
        bytesOf(await send(at`/api/v1/runs/${run}/artifacts/${name}`, { signal }), signal),
    },

    tests: {
      /** What the tests of a run said, worst first. */
      list: (
        run: Ref,
        { signal, ...query }: ReportQuery & { text?: string; status?: readonly wire.TestResult['status'][] } = {},
      ) => json<wire.TestResultList>(at`/api/v1/runs/${run}/tests`, { query, signal }),
    },

    findings: {
      /** What the checks of a run found, worst first. */
      list: (run: Ref, { signal, ...query }: ReportQuery & { severity?: readonly wire.Severity[] } = {}) =>
        json<wire.FindingList>(at`/api/v1/runs/${run}/findings`, { query, signal }),
    },

    events: {
      list: (query: EventSelection & { readonly after?: number; readonly limit?: number } & WithSignal = {}) => {
        const { signal, ...rest } = query
        return json<wire.EventList>('/api/v1/events', { query: rest, signal })
      },
      /** Every event after `after` (without it: what comes), exactly once and in order, across cuts and restarts. */
      follow: ({
        after,
        signal,
        ...selection
      }: EventSelection & WithSignal & { readonly after?: number | undefined } = {}) =>
        followEvents(send, { selection, after }, link(signal)),
    },

    /** What people look at first: one request for the whole of it. */
    overview: ({ signal, ...query }: WithSignal & { project?: string | undefined; text?: string | undefined } = {}) =>
      json<wire.Overview>('/api/v1/overview', { query, signal }),

    reviews: {
      /** What waits for the caller; `all`: also what waits for others. */
      list: ({ signal, ...query }: PageOf & WithSignal & { project?: string | undefined; all?: boolean } = {}) =>
        json<wire.Page<wire.ReviewItem>>('/api/v1/reviews', { query, signal }),
    },

    /** Of a project, or of a pipeline. */
    secrets: {
      list: (owner: SecretOwner) =>
        json<{ items: wire.Secret[] }>(secretsPath(owner), { query: { project: projectOf(owner) } }),
      set: (owner: SecretOwner, name: string, value: string) =>
        json<wire.Secret>(`${secretsPath(owner)}${at`/${name}`}`, {
          method: 'PUT',
          query: { project: projectOf(owner) },
          body: { value },
        }),
      remove: (owner: SecretOwner, name: string) =>
        nothing(`${secretsPath(owner)}${at`/${name}`}`, { method: 'DELETE', query: { project: projectOf(owner) } }),
    },

    users: {
      list: () => json<{ items: wire.UserAccount[] }>('/api/v1/users'),
      create: (body: wire.NewUserAccount) => json<wire.UserAccount>('/api/v1/users', { method: 'POST', body }),
      change: (user: string, body: wire.UserAccountChange) =>
        json<wire.UserAccount>(at`/api/v1/users/${user}`, { method: 'PUT', body }),
      changeOwnPassword: (old: string, fresh: string) =>
        nothing('/api/v1/me/password', { method: 'POST', body: { old, new: fresh } }),
    },

    keys: {
      list: () => json<{ items: wire.Key[] }>('/api/v1/keys'),
      createAccessKey: (label: string) =>
        json<{ access_key: string; secret_key: string }>('/api/v1/access-keys', { method: 'POST', body: { label } }),
      createApp: (code: string, label: string) =>
        json<{ code: string; secret: string }>('/api/v1/blueking-apps', { method: 'POST', body: { code, label } }),
      revoke: (kind: wire.Key['kind'], name: string) => nothing(at`/api/v1/keys/${kind}/${name}`, { method: 'DELETE' }),
    },

    audit: {
      list: ({ signal, ...query }: AuditQuery & WithSignal = {}) =>
        json<wire.Page<wire.AuditEntry>>('/api/v1/audit', { query, signal }),
    },

    tokens: {
      list: () => json<{ items: wire.Token[] }>('/api/v1/tokens'),
      create: (label: string, expiresAt?: Date) =>
        json<wire.IssuedToken>('/api/v1/tokens', {
          method: 'POST',
          body: { label, expires_at: expiresAt?.toISOString() ?? null },
        }),
      revoke: (id: string) => nothing(at`/api/v1/tokens/${id}`, { method: 'DELETE' }),
    },
  }

  /** A connection that breaks in the middle is no answer, either. */
  async function* bytesOf(response: Response, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    try {
      yield* readBytes(response)
    } catch (error) {
      throw unreachable(error, options.baseUrl, signal)
    }
  }

  async function* watch(ref: string, signal: AbortSignal | undefined): AsyncGenerator<wire.Run> {
    const path = at`/api/v1/runs/${ref}`
    let run = await json<wire.Run>(path, { signal })
    yield run
    if (run.ended) return
    const query = { after: run.seq - 1, limit: 1 }
    const { items } = await json<wire.EventList>(`${path}/events`, { query, signal })
    const events = followEvents(send, { selection: { run: run.id }, after: items[0]?.number ?? 0 }, link(signal))
    for await (const event of events) {
      if (event.seq <= run.seq) continue
      run = await untilAnswered(() => json<wire.Run>(path, { signal }), link(signal))
      yield run
      if (run.ended) return
    }
  }
}

/** A pipeline (in a project, when two have one of this name), or a project. */
export interface SecretOwner {
  readonly pipeline?: Ref | undefined
  readonly project?: Ref | undefined
}

interface AuditQuery extends PageOf {
  readonly actor?: string | undefined
  /** What the action begins with. */
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

interface ReportQuery extends WithSignal {
  /** Id or key of one task; without it those of all. */
  readonly node?: string
  /** 1 to 1,000; 100 without it. */
  readonly limit?: number
  readonly cursor?: string
}

interface LineQuery extends WithSignal {
  readonly attempt?: number | undefined
  /** From 1; negative: so many before the end. */
  readonly from?: number | undefined
  /** 1 to 1000; 200 without it. */
  readonly count?: number | undefined
  readonly beyond?: number | undefined
}

interface LogQuery extends WithSignal {
  /** The present one without it. */
  readonly attempt?: number | undefined
  /** First byte; negative: so many before the end. */
  readonly offset?: number | undefined
}
