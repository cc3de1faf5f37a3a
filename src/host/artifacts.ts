import type { Artifact, ArtifactView } from '../model/artifact.ts'
import type { RunId } from '../model/id.ts'
import { accept, refuse } from '../model/problem.ts'
import type { RunView, TaskView } from '../model/view.ts'
import type { Artifacts, ArtifactFile, Runs } from './app.ts'

interface Dependencies {
  readonly runs: Pick<Runs, 'get'>
  /** JSON of what an attempt has kept, or undefined: nothing. */
  readonly read: (runId: RunId, node: number, attempt: number) => Promise<string | undefined>
  readonly open: (sha256: string) => Promise<ArtifactFile | undefined>
}

/** What the tasks of a run have kept, each by its newest attempt. */
export function artifactUseCases({ runs, read, open }: Dependencies): Artifacts {
  const ofTask = async (run: RunView, task: TaskView): Promise<readonly ArtifactView[]> => {
    const text = await read(run.id, task.index, task.attempt)
    const { id: node, key: nodeKey, attempt } = task
    const createdAt = task.endedAt ?? task.startedAt ?? run.updatedAt
    const made = text === undefined ? [] : (JSON.parse(text) as readonly Artifact[])
    return made.map((artifact) => ({ ...artifact, node, nodeKey, attempt, createdAt }))
  }

  const ofRun = async (run: RunView): Promise<readonly ArtifactView[]> => {
    const tasks = run.stages.flatMap((stage) => stage.tasks).filter(mayKeep)
    const all = (await Promise.all(tasks.map((task) => ofTask(run, task)))).flat()
    return [...new Map(all.map((artifact) => [artifact.name, artifact])).values()]
  }

  return {
    list: async (caller, ref) => {
      const run = await runs.get(caller, ref)
      return run.ok ? accept(await ofRun(run.value)) : run
    },
    open: async (caller, ref, name) => {
      const run = await runs.get(caller, ref)
      if (!run.ok) return run
      const artifact = (await ofRun(run.value)).find((one) => one.name === name)
      const file = artifact === undefined ? undefined : await open(artifact.sha256)
      if (artifact === undefined || file === undefined) {
        return refuse('not_found', `run #${run.value.number} has no artifact ${JSON.stringify(name.slice(0, 140))}`)
      }
      return accept({ artifact, file })
    },
  }
}

const mayKeep = ({ work, attempt }: TaskView): boolean =>
  attempt > 0 && work.kind === 'runner' && work.uses === 'package'
