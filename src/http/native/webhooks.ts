import { z } from 'zod'
import { accept, type Result } from '../../model/problem.ts'
import { parseJson } from './request.ts'
import { route } from './route.ts'
import { WebhookAnswer, WebhookBody } from './schema.ts'
import { presentFired } from './triggers.ts'

const PARAMS_MAX = 100
const NAME_MAX = 128
const VALUE_MAX = 8_192
const LOOKS_LIKE_JSON = /^\s*[[{]/

export const fireWebhook = route({
  method: 'POST',
  path: '/api/v1/webhooks/{webhook}',
  id: 'fireWebhook',
  tag: 'pipelines',
  summary: 'Fire a trigger of a pipeline',
  description:
    'Needs no token: the id is the secret; one that is signed also takes a signature, as GitHub, Gitea, GitLab and Standard Webhooks make them. A delivery that comes twice fires once. Parameters are those of the query, and text, numbers and booleans at the top of a JSON body; the trigger says which of them it passes on. A body of any type is taken, so that forges and registries can call it as they are; one that begins as JSON must be JSON. That of a forge starts a run of the change that it is told of; what its trigger is not about is answered with why.',
  query: z.object({}),
  body: WebhookBody,
  rawBody: true,
  open: true,
  status: 202,
  answer: { json: WebhookAnswer },
  problems: ['not_found', 'not_allowed', 'conflict', 'unauthenticated', 'invalid_definition'],
  handle: async ({ app, param, body, header, url }) => {
    const params = paramsOf(String(body), url.searchParams)
    if (!params.ok) return params
    const call = { header, body: String(body) }
    const fired = await app.runs.deliver(param('webhook'), params.value, call)
    if (!fired.ok) return fired
    return accept({ body: 'ignored' in fired.value ? fired.value : presentFired(fired.value) })
  },
})

/** Cut off on its way, most likely: what it would have said is not known. */
function isBroken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}

/** The query wins: whoever wrote the address meant it. */
function paramsOf(text: string, query: URLSearchParams): Result<Record<string, string>> {
  const json = parseJson(text)
  if (!json.ok && LOOKS_LIKE_JSON.test(text) && isBroken(text)) return json
  const fields = json.ok && typeof json.value === 'object' && json.value !== null && !Array.isArray(json.value)
  const params = new Map<string, string>()
  for (const [name, value] of fields ? Object.entries(json.value) : []) {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    // What a forge sends besides is not for us: too much of it is no error.
    if (isPlain && name.length <= NAME_MAX && String(value).length <= VALUE_MAX && params.size < PARAMS_MAX) {
      params.set(name, String(value))
    }
  }
  for (const [name, value] of query) {
    if (name.length > NAME_MAX || value.length > VALUE_MAX || params.size >= 2 * PARAMS_MAX) {
      const message = `A trigger takes up to ${PARAMS_MAX} parameters with names of ${NAME_MAX} and values of ${VALUE_MAX} characters`
      return { ok: false, problem: { code: 'invalid_request', message } }
    }
    params.set(name, value)
  }
  return accept(Object.fromEntries(params))
}
