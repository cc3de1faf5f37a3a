import type { Artifact, ArtifactView } from '../../model/artifact.ts'
import { accept, refuse } from '../../model/problem.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import type { Artifacts, ArtifactFile, Runs } from '../app.ts'
import { type ReportFiles, Reports } from './reports.ts'

interface Dependencies {
  readonly runs: Pick<Runs, 'get'>
  readonly files: ReportFiles
  readonly open: (sha256: string) => Promise<ArtifactFile | undefined>
}

/** What the tasks of a run have kept, each by its newest attempt. */
export function artifactUseCases({ runs, files, open }: Dependencies): Artifacts {
  const lists = new Reports<readonly Artifact[]>(files, 'artifacts')

  const ofRun = async (run: RunView): Promise<readonly ArtifactView[]> => {
    const all = (await lists.of(run)).flatMap(({ task, attempt, report }) =>
      report.map((artifact) => ({ ...artifact, ...madeBy(run, task, attempt) })),
    )
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

function madeBy(run: RunView, task: TaskView, attempt: number): Omit<ArtifactView, keyof Artifact> {
  const { startedAt, endedAt } = task.earlier.find((one) => one.attempt === attempt) ?? task
  return { node: task.id, nodeKey: task.key, attempt, createdAt: endedAt ?? startedAt ?? run.updatedAt }
}
