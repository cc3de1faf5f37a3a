// Every call of the client is one that the OpenAPI document describes: its method, its path, what it sends, and the type
// that it says it answers with.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { routes } from '../http/native/routes.ts'
import { names } from '../http/native/schema/common.ts'
import * as wire from '../http/native/schema.ts'
import { type Client, createClient } from './client.ts'

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly required: boolean }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: { $ref?: string } }>> }>
  >
}
const document = JSON.parse(readFileSync(join(import.meta.dirname, '../../openapi/native-v1.json'), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

interface Asked {
  readonly method: string
  readonly url: URL
  readonly body: unknown
}
interface Described {
  /** Of the operation. */
  readonly id: string
  /** The schema that it is answered with; null: bytes, or nothing. */
  readonly answer: z.ZodType | null
  readonly make: (client: Client) => Promise<unknown>
}

/** What the server sends by this schema is what the client says it answers with: otherwise this does not compile. */
const call = <Schema extends z.ZodType, Answer>(
  id: string,
  answer: Schema,
  make: (client: Client) => Promise<Answer>,
  ..._same: z.output<Schema> extends Answer ? [] : ['the client says another type']
): Described => ({ id, answer, make })

const without = (id: string, make: (client: Client) => Promise<unknown>): Described => ({ id, answer: null, make })

const first = async (items: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of items) return
}

const WHEN = new Date(0)
const CALLS: readonly Described[] = [
  call('getMe', wire.Me, (c) => c.me()),
  call('createSession', wire.Me, (c) => c.session.begin({ token: 't' })),
  without('deleteSession', (c) => c.session.end()),
  call('getServer', wire.ServerInfo, (c) => c.server()),
  call('listProjects', wire.ProjectList, (c) => c.projects.list()),
  call('getProject', wire.Project, (c) => c.projects.get('p')),
  call('createProject', wire.Project, (c) => c.projects.create({ name: 'p', description: 'd' })),
  call('listRunners', wire.RunnerList, (c) => c.runners.list()),
  call('createRunner', wire.IssuedRunner, (c) => c.runners.create('r')),
  call('getRunner', wire.Runner, (c) => c.runners.get('r')),
  without('deleteRunner', (c) => c.runners.remove('r')),
  call('pauseRunner', wire.Runner, (c) => c.runners.pause('r')),
  call('resumeRunner', wire.Runner, (c) => c.runners.resume('r')),
  call('listPipelines', wire.PipelineList, (c) =>
    c.pipelines.list({ project: 'p', text: 'x', runs: 5, limit: 5, cursor: '1' }),
  ),
  call('getPipeline', wire.Pipeline, (c) => c.pipelines.get('p', { project: 'q' })),
  call('createPipeline', wire.Pipeline, (c) => c.pipelines.create({ project: 'p', definition: 'd', file: 'f' })),
  call('updatePipeline', wire.Pipeline, (c) => c.pipelines.update('p', { definition: 'd', file: 'f' }, 2)),
  without('deletePipeline', (c) => c.pipelines.remove('p')),
  call('listVersions', wire.VersionList, (c) => c.pipelines.versions('p')),
  call('getVersion', wire.Version, (c) => c.pipelines.version('p', 1)),
  call('getQueue', wire.Queue, (c) => c.runs.queue('p', { project: 'q' })),
  call('nextFires', wire.NextFires, (c) => c.triggers.next('p', { project: 'q', count: 2 })),
  call('getWebhookSecret', wire.WebhookSecret, (c) => c.triggers.secret('p', 'w', { project: 'q' })),
  call('publish', wire.FiredList, (c) => c.triggers.publish('p', 'c', { params: { A: '1' }, idempotencyKey: 'k' })),
  call('listNotifications', wire.NotificationList, (c) => c.notifications.list('p')),
  call('createNotification', wire.IssuedNotification, (c) =>
    c.notifications.create('p', { name: 'n', events: ['failed'], to: { kind: 'webhook', url: 'https://a.example' } }),
  ),
  call('rotateNotification', wire.NotificationSecret, (c) => c.notifications.rotate('n')),
  call('testNotification', wire.Delivery, (c) => c.notifications.test('n')),
  call('enableNotification', wire.Notification, (c) => c.notifications.enable('n')),
  without('deleteNotification', (c) => c.notifications.remove('n')),
  call('listDeliveries', wire.DeliveryList, (c) =>
    c.notifications.deliveries({ project: 'p', notification: 'n', state: 'dead', limit: 1, cursor: '1' }),
  ),
  call('replayDelivery', wire.Delivery, (c) => c.notifications.replay('d')),
  call('validate', wire.Validation, (c) => c.validate('d', 'f')),
  call('startRun', wire.Run, (c) =>
    c.runs.start('p', { params: { A: 1 }, only: ['a'], wait: true, project: 'q', idempotencyKey: 'k' }),
  ),
  call('listRuns', wire.RunList, (c) =>
    c.runs.list({
      status: ['running'],
      project: 'p',
      pipeline: 'q',
      needsPerson: true,
      text: 'x',
      by: 'li',
      cause: ['manual'],
      createdFrom: WHEN,
      createdTo: WHEN,
      limit: 1,
      cursor: '1',
    }),
  ),
  call('getRun', wire.Run, (c) => c.runs.get('r', { asOf: WHEN })),
  call('getTimeline', wire.Timeline, (c) => c.runs.timeline('r')),
  call('getEstimate', wire.Estimate, (c) => c.runs.estimate('r')),
  call('asSeenBy', wire.AsSeenBy, (c) => c.runs.asSeenBy('r')),
  call('rerun', wire.Run, (c) => c.runs.rerun('r', { params: { A: 1 }, exclude: ['a'], idempotencyKey: 'k' })),
  call('batchRuns', wire.RunBatch, (c) => c.runs.batch(['a', 2])),
  call('actOnRun', wire.Run, (c) => c.runs.act('r', 'cancel', { mode: 'force', reason: 'x' })),
  call('explainRun', wire.ExplanationList, (c) => c.runs.explain('r')),
  call('listRunEvents', wire.EventList, (c) => c.runs.events('r', { after: 1, limit: 1 })),
  without('getRun', (c) => first(c.runs.watch('r'))),
  call('getNode', wire.Node, (c) => c.nodes.get('r', 'n')),
  call('actOnNode', wire.Run, (c) => c.nodes.act('r', 'n', 'callback', { outputs: { a: 1 }, succeeded: true })),
  call('explainNode', wire.ExplanationList, (c) => c.nodes.explain('r', 'n')),
  without('getLog', (c) => c.logs.read('r', 'n', { attempt: 1, offset: -5 })),
  without('getLog', (c) => first(c.logs.follow('r', 'n', { attempt: 1, offset: 5 }))),
  call('getLogLines', wire.LogLines, (c) => c.logs.lines('r', 'n', { attempt: 1, from: -5, count: 5, beyond: 1 })),
  call('searchLog', wire.LogMatches, (c) => c.logs.search('r', 'n', 'text', { attempt: 1, from: 5 })),
  call('listArtifacts', wire.ArtifactList, (c) => c.artifacts.list('r')),
  without('getArtifact', (c) => c.artifacts.read('r', 'a')),
  call('listTests', wire.TestResultList, (c) =>
    c.tests.list('r', { node: 'n', limit: 1, cursor: '1', text: 'x', status: ['failed'] }),
  ),
  call('listFindings', wire.FindingList, (c) =>
    c.findings.list('r', { node: 'n', limit: 1, cursor: '1', severity: ['fatal'] }),
  ),
  call('listEvents', wire.EventList, (c) =>
    c.events.list({ after: 1, limit: 1, project: 'p', pipeline: 'q', run: 'r' }),
  ),
  without('followEvents', (c) => first(c.events.follow({ after: 1, run: 'r', signal: AbortSignal.timeout(2_000) }))),
  call('getOverview', wire.Overview, (c) => c.overview({ project: 'p', text: 'x' })),
  call('listReviews', wire.ReviewList, (c) => c.reviews.list({ project: 'p', all: true, limit: 1, cursor: '1' })),
  call('listProjectSecrets', wire.SecretList, (c) => c.secrets.list({ project: 'p' })),
  call('setProjectSecret', wire.Secret, (c) => c.secrets.set({ project: 'p' }, 'S', 'v')),
  without('removeProjectSecret', (c) => c.secrets.remove({ project: 'p' }, 'S')),
  call('listPipelineSecrets', wire.SecretList, (c) => c.secrets.list({ pipeline: 'q', project: 'p' })),
  call('setPipelineSecret', wire.Secret, (c) => c.secrets.set({ pipeline: 'q', project: 'p' }, 'S', 'v')),
  without('removePipelineSecret', (c) => c.secrets.remove({ pipeline: 'q' }, 'S')),
  call('listUsers', wire.UserAccountList, (c) => c.users.list()),
  call('createUser', wire.UserAccount, (c) => c.users.create({ name: 'u', role: 'viewer', projects: ['p'] })),
  call('updateUser', wire.UserAccount, (c) => c.users.change('u', { role: 'viewer', projects: null, disabled: true })),
  without('changePassword', (c) => c.users.changeOwnPassword('old', 'fresh')),
  call('listKeys', wire.KeyList, (c) => c.keys.list()),
  call('createAccessKey', wire.IssuedAccessKey, (c) => c.keys.createAccessKey('l')),
  call('createBlueKingApp', wire.IssuedBlueKingApp, (c) => c.keys.createApp('code', 'l')),
  without('deleteKey', (c) => c.keys.revoke('aksk', 'n')),
  call('listAudit', wire.AuditList, (c) =>
    c.audit.list({ actor: 'a', action: 'b', target: 'c', from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z' }),
  ),
  call('listTokens', wire.TokenList, (c) => c.tokens.list()),
  call('createToken', wire.IssuedToken, (c) => c.tokens.create('l', WHEN)),
  without('deleteToken', (c) => c.tokens.revoke('t')),
]

/** What people and programs of this repository have no use for: forges call the one, browsers show the other. */
const NOT_OF_THE_CLIENT = ['fireWebhook', 'getGraph', 'previewArtifact']

/** A client of a server that takes everything down. */
function listening(): { readonly client: Client; readonly asked: Asked[] } {
  const asked: Asked[] = []
  const client = createClient({
    baseUrl: 'http://127.0.0.1:1',
    token: null,
    fetch: async (input, { method = 'GET', body } = {}) => {
      asked.push({ method, url: new URL(input), body: typeof body === 'string' ? JSON.parse(body) : undefined })
      if (input.includes('/events/stream')) return new Response('id: 2\ndata: {"number":2,"seq":2}\n\n')
      return new Response('{"ended":true,"items":[]}', { headers: { 'millrace-log-ended': 'true' } })
    },
  })
  return { client, asked }
}

const pattern = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)

/** What is wrong with a request, seen from the document; nothing is what we want. */
function faults({ method, url, body }: Asked, id: string): readonly string[] {
  const found = operations.find((one) => one.operation.operationId === id)
  if (found === undefined) return [`${id}: the document has no such operation`]
  const { operation, path } = found
  const said = `${id}: ${method} ${url.pathname}`
  if (found.method !== method || !pattern(path).test(url.pathname)) return [`${said} is not ${found.method} ${path}`]
  const route = routes.find((one) => one.id === id)
  const parameters = (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name)
  const query = Object.fromEntries(url.searchParams)
  const unknown = Object.keys(query).filter((name) => !parameters.includes(name))
  return [
    ...unknown.map((name) => `${said}: there is no parameter ${name}`),
    ...(route?.query?.safeParse(query).error?.issues ?? []).map(({ message }) => `${said}: query: ${message}`),
    ...(body !== undefined && operation.requestBody === undefined ? [`${said} takes no body`] : []),
    ...(operation.requestBody?.required === true && body === undefined ? [`${said} takes a body`] : []),
    ...(body === undefined ? [] : (route?.body?.safeParse(body).error?.issues ?? [])).map(
      ({ message, path: at }) => `${said}: body ${at.join('.')}: ${message}`,
    ),
  ]
}

const answerOf = (id: string): string | undefined => {
  const found = operations.find((one) => one.operation.operationId === id)
  const [, good] = Object.entries(found?.operation.responses ?? {}).find(([status]) => status < '300') ?? []
  return good?.content?.['application/json']?.schema.$ref
}

test.each(CALLS)('$id is asked for, and answered, as the document says', async ({ id, answer, make }) => {
  const { client, asked } = listening()
  await make(client)
  const [request] = asked
  if (request === undefined) throw new Error('nothing was asked')
  expect(faults(request, id)).toEqual([])
  const name = answer === null ? undefined : names.get(answer)?.id
  if (answer !== null) expect(answerOf(id)).toBe(`#/components/schemas/${name ?? 'a schema without a name'}`)
})

test('no call of the client is left out, and no operation has none', async () => {
  const used = new Set<string>()
  const noting = (value: object, before: string): object =>
    new Proxy(value, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key)
        const name = before + String(key)
        if (typeof member === 'function') used.add(name)
        return typeof member === 'object' && member !== null ? noting(member, `${name}.`) : member
      },
    })
  const names = (value: object, before = ''): readonly string[] =>
    Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
      typeof member === 'function' ? [before + key] : names(member as object, `${before}${key}.`),
    )
  const { client } = listening()
  for (const { make } of CALLS) await make(noting(client, '') as Client)
  expect(names(client).length).toBeGreaterThan(60)
  expect(names(client).filter((name) => !used.has(name))).toEqual([])
  const asked = new Set([...CALLS.map(({ id }) => id), ...NOT_OF_THE_CLIENT])
  expect(operations.map(({ operation }) => operation.operationId).filter((id) => !asked.has(id))).toEqual([])
})

test('a call that the document does not describe is found', () => {
  const to = (method: string, path: string, body?: unknown): Asked => ({
    method,
    url: new URL(path, 'http://127.0.0.1:1'),
    body,
  })
  expect(faults(to('GET', '/api/v1/runs/r'), 'getRun')).toEqual([])
  expect(faults(to('POST', '/api/v1/runs/r'), 'getRun')).toHaveLength(1)
  expect(faults(to('GET', '/api/v1/run/r'), 'getRun')).toHaveLength(1)
  expect(faults(to('GET', '/api/v1/runs?colour=red'), 'listRuns')).toHaveLength(1)
  expect(faults(to('GET', '/api/v1/runs?limit=1000000'), 'listRuns')).toHaveLength(1)
  expect(faults(to('POST', '/api/v1/runners', { nmae: 'x' }), 'createRunner')).not.toEqual([])
  expect(faults(to('POST', '/api/v1/runners'), 'createRunner')).toHaveLength(1)
  expect(faults(to('GET', '/api/v1/me'), 'getYou')).toHaveLength(1)
})
