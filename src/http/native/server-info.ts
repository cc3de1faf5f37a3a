import { accept, refuse } from '../../model/problem.ts'
import { route } from './route.ts'
import { ServerInfo } from './schema.ts'

export const getServer = route({
  method: 'GET',
  path: '/api/v1/server',
  id: 'getServer',
  tag: 'access',
  summary: 'What the server runs with; for admins of all projects',
  description: 'Settings are given by flags and variables when it starts; none of them is changed here.',
  status: 200,
  answer: { json: ServerInfo },
  problems: [],
  handle: async ({ caller, context: { baseUrl, server } }) => {
    if (caller.role !== 'admin' || caller.projectIds !== null) {
      return refuse('forbidden', `${caller.user.name} may not see the settings: it takes an admin of all projects`)
    }
    const settings = server.settings.map(({ name, value, isSecret, standard, doc }) => ({
      name,
      value,
      is_secret: isSecret,
      standard,
      doc,
    }))
    return accept({ body: { version: server.version, base_url: baseUrl, settings } })
  },
})
