// Every way to say who one is opens one's own project, and nothing of another: all kinds of credentials that the vendors'
// clients have, on requests of each dialect. By one kind, every route is asked: fuzz.test.ts of each dialect.
import { beforeAll, describe, expect, test } from 'vitest'
import { allDialects, type Told } from '../testing/all-dialects.ts'
import { type Neighbours, openNeighbours } from '../testing/dialect-isolation.ts'
import { DIALECT_OPTIONS } from '../testing/dialect-routes.ts'
import { signed } from '../testing/sign.ts'
import { openWorld, type World } from '../testing/world.ts'

type Credentials = World['credentials']
interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: Readonly<Record<string, string>>
}
/** The request with the credential on it. */
type Kind = (asked: Asked, of: Credentials) => Promise<Asked & { readonly headers?: Readonly<Record<string, string>> }>

let neighbours: Neighbours
beforeAll(async () => {
  neighbours = await openNeighbours(await openWorld())
})

const send = ({ method, path, body, headers = {} }: Awaited<ReturnType<Kind>>): Promise<Told> =>
  allDialects(neighbours.world, [], headers)(method, path, body)

async function answerOf(headers: Readonly<Record<string, string>>, path: string, body: unknown): Promise<Response> {
  const { huaweiIam } = await import('./huawei-iam/index.ts')
  const { koderover } = await import('./koderover/index.ts')
  const dialect = path.startsWith('/v3') ? huaweiIam : koderover
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const handle = dialect.create(neighbours.world.app, DIALECT_OPTIONS)
  return handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { method: 'POST', headers, body: text }))
}

const signedBy = (asked: Asked, keys: { readonly ak: string; readonly sk: string }) =>
  signed(keys, neighbours.world.clock.now(), { method: asked.method, url: `${DIALECT_OPTIONS.baseUrl}${asked.path}` })

const huaweiKinds: Readonly<Record<string, Kind>> = {
  'a token of ours': async (asked, { token }) => ({ ...asked, headers: { 'X-Auth-Token': token } }),
  'a token of IAM': async (asked, { user, password, domain }) => {
    const identity = { methods: ['password'], password: { user: { name: user, password, domain: { name: domain } } } }
    const answer = await answerOf({}, '/v3/auth/tokens', { auth: { identity } })
    return { ...asked, headers: { 'X-Auth-Token': answer.headers.get('X-Subject-Token') ?? '' } }
  },
  'a signature': async (asked, keys) => ({ ...asked, headers: signedBy(asked, keys) }),
  'a signature with a key for a while': async (asked, { token }) => {
    const auth = { identity: { methods: ['token'], token: { duration_seconds: 900 } } }
    const answer = await answerOf({ 'X-Auth-Token': token }, '/v3.0/OS-CREDENTIAL/securitytokens', { auth })
    const { credential } = (await answer.json()) as {
      readonly credential: { readonly access: string; readonly secret: string; readonly securitytoken: string }
    }
    const headers = signedBy(asked, { ak: credential.access, sk: credential.secret })
    return { ...asked, headers: { ...headers, 'X-Security-Token': credential.securitytoken } }
  },
}

const koderoverKinds: Readonly<Record<string, Kind>> = {
  'a key': async (asked, { token }) => ({ ...asked, headers: { Authorization: `X-API-KEY ${token}` } }),
  'a root key': async (asked, { token }) => ({ ...asked, headers: { Authorization: `X-ROOT-API-KEY ${token}` } }),
  'a bearer': async (asked, { token }) => ({ ...asked, headers: { Authorization: `Bearer ${token}` } }),
  'a session': async (asked, { user, password }) => {
    const form = new URLSearchParams({ username: user, password }).toString()
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await answerOf(type, '/api/user/signin', form)
    return { ...asked, headers: { Cookie: (answer.headers.get('Set-Cookie') ?? '').split(';', 1)[0] ?? '' } }
  },
}

const flat = (asked: Asked, given: Readonly<Record<string, string>>): Asked =>
  asked.method === 'GET'
    ? { ...asked, path: `${asked.path}&${new URLSearchParams(given).toString()}` }
    : { ...asked, body: { ...asked.body, ...given } }
const blueKingKinds: Readonly<Record<string, Kind>> = {
  'an app and a name': async (asked, { appCode, appSecret, user }) =>
    flat(asked, { bk_app_code: appCode, bk_app_secret: appSecret, bk_username: user }),
  'an app and a name, as of old': async (asked, { appCode, appSecret, user }) =>
    flat(asked, { app_code: appCode, app_secret: appSecret, username: user }),
  'an app and a token': async (asked, { appCode, appSecret, token }) =>
    flat(asked, { bk_app_code: appCode, bk_app_secret: appSecret, bk_token: token }),
  'an access token': async (asked, { token }) => flat(asked, { access_token: token }),
  'a header': async (asked, { appCode, appSecret, user }) => {
    const header = JSON.stringify({ bk_app_code: appCode, bk_app_secret: appSecret, bk_username: user })
    return { ...asked, headers: { 'X-Bkapi-Authorization': header } }
  },
  'a header with an access token': async (asked, { token }) => ({
    ...asked,
    headers: { 'X-Bkapi-Authorization': JSON.stringify({ access_token: token }) },
  }),
}

/** What is asked about A, by all that it is called. */
const requests = (): Readonly<
  Record<string, { readonly kinds: typeof huaweiKinds; readonly asked: readonly Asked[] }>
> => {
  const { pipeline, project, runs } = neighbours
  const { id, serial, name } = pipeline
  const [, run] = runs
  const get = (path: string): Asked => ({ method: 'GET', path })
  const status = { bk_biz_id: String(project.serial), task_id: String(run!.serial) }
  return {
    Huawei: {
      kinds: huaweiKinds,
      asked: [
        get(`/v3/pipelines/${id}/status`),
        get(`/v3/pipelines/${id}/detail`),
        get(`/v5/${project.id}/api/pipelines/${id}`),
        get(`/v2/tasks/${id}/defects-summary`),
        get(`/v3/manage/pipelines/${serial}`),
        get('/v3/manage/pipelines'),
        get(`/v3/projects/${project.id}`),
        get('/v3/projects'),
      ],
    },
    KodeRover: {
      kinds: koderoverKinds,
      asked: [
        get(`/api/tasks/id/${run!.number}/pipeline/${name}`),
        get(`/api/pipelines/${name}`),
        get('/api/tasks/running'),
        get(`/api/v2/pipelines/${name}`),
        get(`/api/workflow/v2/tasks/id/${run!.number}/pipelines/${name}`),
      ],
    },
    BlueKing: {
      kinds: blueKingKinds,
      asked: [
        get(`/api/c/compapi/v2/sops/get_task_status/?${new URLSearchParams(status).toString()}`),
        { method: 'POST', path: '/api/c/compapi/v2/sops/get_task_detail/', body: status },
        get(`/api/c/compapi/v2/sops/get_template_list/?bk_biz_id=${project.serial}`),
      ],
    },
  }
}

/** Whether an answer tells of A: names it, or is a good one to a request that does. */
const tells = ({ status, body, text }: Told, asked: Asked): boolean => {
  const { pipeline, project, runs } = neighbours
  const names = ['known-to-a-alone', pipeline.id, project.id, pipeline.name, ...runs.map(({ id }) => id)]
  const request = asked.path + JSON.stringify(asked.body ?? '')
  const isGood = status < 300 && body?.result !== false && body?.error_code === undefined
  const isAboutIt = names.some((one) => request.includes(one)) || /get_task|pipelines\/\d+$/.test(asked.path)
  return isGood && (isAboutIt || names.some((one) => text.includes(one)))
}

describe.each(['Huawei', 'KodeRover', 'BlueKing'] as const)('%s', (vendor) => {
  const kinds = { Huawei: huaweiKinds, KodeRover: koderoverKinds, BlueKing: blueKingKinds }[vendor]
  test.each(Object.entries(kinds))('%s', async (_, kind) => {
    const { asked } = requests()[vendor]!
    for (const one of asked) {
      const own = await send(await kind(one, neighbours.world.credentials))
      expect([one.path, own.status, tells(own, one)]).toEqual([one.path, 200, true])
      const stranger = await send(await kind(one, neighbours.stranger.credentials))
      expect([one.path, stranger.text.slice(0, 200), tells(stranger, one)]).toEqual([
        one.path,
        expect.any(String),
        false,
      ])
      expect(stranger.status).toBeLessThan(500)
    }
  })
})
