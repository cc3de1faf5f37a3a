import { z } from 'zod'
import type { SecretView } from '../../host/app.ts'
import { accept } from '../../model/problem.ts'
import { presentUser, time, timeOrNull } from './present.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef } from './refs.ts'
import { route } from './route.ts'
import { Secret, SecretList, SecretValue } from './schema.ts'

const tag = 'secrets'
const inProject = { project: query.name.describe('Id or name; needed when two projects have a pipeline of this name') }

const presentSecret = (secret: SecretView): z.output<typeof Secret> => ({
  name: secret.name,
  created_at: time(secret.createdAt),
  created_by: presentUser(secret.createdBy),
  updated_at: time(secret.updatedAt),
  updated_by: presentUser(secret.updatedBy),
  last_used_at: timeOrNull(secret.lastUsedAt),
})

export const listProjectSecrets = route({
  method: 'GET',
  path: '/api/v1/projects/{project}/secrets',
  id: 'listProjectSecrets',
  tag,
  summary: 'Names of the secrets of a project, without their values',
  status: 200,
  answer: { json: SecretList },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const found = await app.secrets.list(caller, { project: projectRef(param('project')) })
    return found.ok ? accept({ body: { items: found.value.map(presentSecret) } }) : found
  },
})

export const setProjectSecret = route({
  method: 'PUT',
  path: '/api/v1/projects/{project}/secrets/{name}',
  id: 'setProjectSecret',
  tag,
  summary: 'Set a secret of a project; for admins',
  body: SecretValue,
  status: 200,
  answer: { json: Secret },
  problems: ['not_found', 'too_large', 'conflict'],
  handle: async ({ app, caller, param, body }) => {
    const set = await app.secrets.set(caller, { project: projectRef(param('project')) }, param('name'), body.value)
    return set.ok ? accept({ body: presentSecret(set.value) }) : set
  },
})

export const removeProjectSecret = route({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/secrets/{name}',
  id: 'removeProjectSecret',
  tag,
  summary: 'Remove a secret of a project; for admins',
  status: 204,
  answer: 'nothing',
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const removed = await app.secrets.remove(caller, { project: projectRef(param('project')) }, param('name'))
    return removed.ok ? accept({ body: null }) : removed
  },
})

export const listPipelineSecrets = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/secrets',
  id: 'listPipelineSecrets',
  tag,
  summary: 'Names of the secrets of a pipeline, without their values and without those of its project',
  query: z.object(inProject),
  status: 200,
  answer: { json: SecretList },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const found = await app.secrets.list(caller, { pipeline: pipelineRef(param('pipeline'), project) })
    return found.ok ? accept({ body: { items: found.value.map(presentSecret) } }) : found
  },
})

export const setPipelineSecret = route({
  method: 'PUT',
  path: '/api/v1/pipelines/{pipeline}/secrets/{name}',
  id: 'setPipelineSecret',
  tag,
  summary: 'Set a secret of a pipeline, which its tasks get before that of the project; for admins',
  query: z.object(inProject),
  body: SecretValue,
  status: 200,
  answer: { json: Secret },
  problems: ['not_found', 'too_large', 'conflict'],
  handle: async ({ app, caller, param, query: { project }, body }) => {
    const owner = { pipeline: pipelineRef(param('pipeline'), project) }
    const set = await app.secrets.set(caller, owner, param('name'), body.value)
    return set.ok ? accept({ body: presentSecret(set.value) }) : set
  },
})

export const removePipelineSecret = route({
  method: 'DELETE',
  path: '/api/v1/pipelines/{pipeline}/secrets/{name}',
  id: 'removePipelineSecret',
  tag,
  summary: 'Remove a secret of a pipeline; for admins',
  query: z.object(inProject),
  status: 204,
  answer: 'nothing',
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const owner = { pipeline: pipelineRef(param('pipeline'), project) }
    const removed = await app.secrets.remove(caller, owner, param('name'))
    return removed.ok ? accept({ body: null }) : removed
  },
})
