import { definitionJsonSchema } from '../definition/json-schema.ts'
import type { Logger } from '../http/logger.ts'
import { mountTable } from '../http/mounts.ts'
import { nativeMounts } from '../http/native/index.ts'
import type { Result } from '../model/problem.ts'
import type { RunView } from '../model/view.ts'
import type { MillraceOptions, WorksOptions } from './options.ts'
import { stepsOf } from './steps.ts'
import { openWorks } from './works.ts'

/** A server without a socket, for one command: its API is a function, and who calls it may decide for others. */
export interface Local {
  /** As the global one, for the client; the path decides, host and port do not matter. */
  readonly fetch: (input: string, init?: RequestInit) => Promise<Response>
  readonly token: string
  /** The one project there is. */
  readonly project: string
  /** Decides a review in the name of this reviewer: nobody else can log in here. */
  decide(run: string, node: string, decision: 'approve' | 'reject', as: string): Promise<Result<RunView>>
  close(): Promise<void>
}

/** @param options as for `serve`; the directory is meant to be thrown away. */
export async function openLocal(
  options: WorksOptions & Pick<MillraceOptions, 'version' | 'bodyMaxBytes'>,
  logger: Logger,
): Promise<Local> {
  const works = await openWorks(options, logger)
  const { app, credentials } = works.host
  const admin = await credentials.addUser({ name: 'local', domain: 'local', password: null, role: 'admin' })
  const { token } = await app.access.issueToken(admin, 'local', null)
  const project = await app.projects.create(admin, { name: 'local', description: '' })
  if (!project.ok) throw new Error(`the project was refused: ${project.problem.message}`)
  const closing = new AbortController()
  const mounts = nativeMounts({ version: options.version, pipelineSchema: definitionJsonSchema(stepsOf(options)) })
  const mountFor = mountTable(
    mounts({ app, baseUrl: 'http://local', bodyMaxBytes: options.bodyMaxBytes, closing: closing.signal, logger }),
  )
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const mount = mountFor(new URL(request.url).pathname)
      return mount === undefined ? new Response(null, { status: 404 }) : mount.handle(request)
    },
    token,
    project: project.value.name,
    decide: (run, node, action, as) => app.runs.actOnNode(admin, { id: run }, { id: node }, { action, as }),
    close: () => {
      closing.abort()
      return works.close()
    },
  }
}
