import { accept } from '../../model/problem.ts'
import { presentProject } from './present.ts'
import { projectRef } from './refs.ts'
import { route } from './route.ts'
import { NewProject, Project, ProjectList } from './schema.ts'

const tag = 'projects'

export const listProjects = route({
  method: 'GET',
  path: '/api/v1/projects',
  id: 'listProjects',
  tag,
  summary: 'All projects that the caller may see',
  status: 200,
  answer: { json: ProjectList },
  problems: [],
  handle: async ({ app, caller }) => accept({ body: { items: (await app.projects.list(caller)).map(presentProject) } }),
})

export const createProject = route({
  method: 'POST',
  path: '/api/v1/projects',
  id: 'createProject',
  tag,
  summary: 'Make a project',
  body: NewProject,
  status: 201,
  answer: { json: Project },
  problems: ['conflict'],
  handle: async ({ app, caller, body }) => {
    const made = await app.projects.create(caller, body)
    if (!made.ok) return made
    return accept({ body: presentProject(made.value), headers: { location: `/api/v1/projects/${made.value.id}` } })
  },
})

export const getProject = route({
  method: 'GET',
  path: '/api/v1/projects/{project}',
  id: 'getProject',
  tag,
  summary: 'One project, by id or name',
  status: 200,
  answer: { json: Project },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const found = await app.projects.get(caller, projectRef(param('project')))
    return found.ok ? accept({ body: presentProject(found.value) }) : found
  },
})
