import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { parseForm, parseJson, readBody } from '../../kit/body.ts'
import { success } from '../errors.ts'
import { integerOf, objectOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { zadigFace as face } from './face.ts'

const VALUE_MAX = 1_024

/**
 * What a code host calls, without a login. Which trigger it fires is told by its id, as `?id=`: nobody starts runs here
 * by knowing the name of a repository.
 */
export async function webhook(call: Omit<Call, 'caller'>): Promise<Response> {
  const { request, options, app, query } = call
  const bytes = await readBody(request, options.bodyMaxBytes)
  if (!bytes.ok) return face.bodyRefused(bytes)
  const id = query('id')
  if (id === '') return face.operation('webhook', 'expected ?id= and the id of a webhook trigger')
  const payload = payloadOf(bytes.value)
  if (!payload.ok) return face.bodyRefused(payload)
  const params = isJsonObject(payload.value) ? paramsOf(payload.value) : {}
  const event =
    request.headers.get('X-GitHub-Event') ??
    request.headers.get('X-Gitlab-Event') ??
    request.headers.get('X-Gitee-Event') ??
    ''
  // For triggers that must be signed, and so that a delivery that comes twice fires once.
  const signed = {
    header: (name: string) => request.headers.get(name) ?? undefined,
    body: new TextDecoder().decode(bytes.value),
  }
  // What the trigger is not about (a ping, another branch) is no fault of who tells of it.
  const fired = await app.runs.deliver(
    id,
    {
      ...params,
      ...(event === '' ? {} : { event: event.slice(0, VALUE_MAX) }),
    },
    signed,
  )
  return fired.ok ? success() : face.problem('webhook', fired.problem)
}

/** JSON, or a form with the JSON in its field `payload`, as GitHub can send it. */
function payloadOf(bytes: Uint8Array): ReturnType<typeof parseJson> {
  const json = parseJson(bytes)
  if (json.ok) return json
  const form = parseForm(bytes)
  const payload = form.ok ? form.value.get('payload') : null
  return payload === null ? json : parseJson(new TextEncoder().encode(payload))
}

/** What GitHub, GitLab, Gitee and Gerrit tell of a push or a change, under the names that pipelines have here. */
function paramsOf(payload: JsonObject): Readonly<Record<string, string>> {
  const repository = objectOf(payload, 'repository')
  const project = objectOf(payload, 'project')
  const full = textOf(repository, 'full_name') || textOf(project, 'path_with_namespace')
  const request = objectOf(payload, 'pull_request')
  const merge = objectOf(payload, 'object_attributes')
  // Gerrit's: its kind stands in the body, and the whole name of its project is one.
  const change = objectOf(payload, 'change')
  const patch = objectOf(payload, 'patchSet')
  const update = objectOf(payload, 'refUpdate')
  const gerrit = textOf(change, 'project') || textOf(update, 'project')
  const ref = textOf(payload, 'ref') || textOf(patch, 'ref') || textOf(update, 'refName')
  const head = objectOf(request, 'head')
  const number = integerOf(payload, 'number') || integerOf(merge, 'iid') || integerOf(change, 'number')
  const found = {
    ref,
    branch:
      textOf(head, 'ref') ||
      textOf(merge, 'source_branch') ||
      textOf(change, 'branch') ||
      ref.replace(/^refs\/(?:heads|tags)\//, ''),
    commit_id:
      textOf(head, 'sha') ||
      textOf(objectOf(merge, 'last_commit'), 'id') ||
      textOf(patch, 'revision') ||
      textOf(update, 'newRev') ||
      textOf(payload, 'after'),
    repo_owner: (full || gerrit).split('/').slice(0, -1).join('/'),
    repo_name: (full || gerrit).split('/').at(-1) ?? '',
    ...(gerrit === '' ? {} : { event: textOf(payload, 'type') }),
    pull_request_number: number === 0 ? '' : String(number),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== '' && value.length <= VALUE_MAX))
}
