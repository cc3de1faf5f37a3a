import type { ArtifactView } from '../../../model/artifact.ts'
import type { Call } from '../route.ts'
import { zadigFace as face } from './face.ts'
import { runOf } from './request.ts'

/** The package of a task, `octet-stream`. Of several files that a run has kept, the last that is a package. */
export const taskFile = (call: Call): Promise<Response> => {
  const query = new URL(call.request.url).searchParams
  return given(call, query.get('taskId') ?? '', query.get('pipelineName') ?? '', isPackage)
}

/** `artifact.tar.gz` of a workflow's task; of a run that has kept no file of this name, its package. */
export const workflowArtifact = (call: Call): Promise<Response> =>
  given(call, call.param('taskId'), call.param('pipelineName'), ({ name }) => name === 'artifact.tar.gz')

const isPackage = ({ name }: ArtifactView): boolean => /\.(?:tar\.gz|tgz|zip|jar|war)$/.test(name)

async function given(
  call: Call,
  id: string,
  name: string,
  isWanted: (artifact: ArtifactView) => boolean,
): Promise<Response> {
  const { app, caller } = call
  const run = await runOf(call, face, 'getTask', id, name)
  if (run instanceof Response) return run
  const kept = await app.artifacts.list(caller, { id: run.id })
  if (!kept.ok) return face.problem('getTask', kept.problem)
  const artifact = kept.value.findLast(isWanted) ?? kept.value.findLast(isPackage) ?? kept.value.at(-1)
  const missing = { code: 'not_found', message: `task ${id} of ${name} has kept no file` } as const
  if (artifact === undefined) return face.problem('getTask', missing)
  const opened = await app.artifacts.open(caller, { id: run.id }, artifact.name)
  if (!opened.ok) return face.problem('getTask', opened.problem)
  const { file } = opened.value
  return new Response(ReadableStream.from(file.read(0, file.sizeBytes, call.request.signal)), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(file.sizeBytes),
      'content-disposition': dispositionOf(artifact.name),
    },
  })
}

/** As theirs, `filename="..."`, which is all that many clients read; what has no place there is told beside it. */
function dispositionOf(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\]/g, '_')
  const whole = plain === name ? '' : `; filename*=UTF-8''${encodeURIComponent(name)}`
  return `attachment; filename="${plain}"${whole}`
}
