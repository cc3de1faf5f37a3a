import type { z } from 'zod'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import { presentEdge, presentHead, presentStage, presentTask } from './present.ts'
import type { JsonText } from './route.ts'
import type { Run } from './schema.ts'

/**
 * The JSON of a run: what {@link presentRun} makes, as text. Of a run of 10,000 nodes few change from one answer to the
 * next, so the text of each is kept as long as its view is the same (engine/view.ts).
 */
export function runText(run: RunView): JsonText<z.output<typeof Run>> {
  const head = JSON.stringify(presentHead(run))
  return `${head.slice(0, -1)},"stages":[${run.stages.map(stageText).join(',')}]}` as JsonText<z.output<typeof Run>>
}

function stageText(stage: StageView): string {
  const { tasks: _tasks, edges: _edges, ...rest } = presentStage({ ...stage, tasks: [], flow: null })
  const edges = stage.flow === null ? 'null' : `[${texts(stage.flow.edges, edgeText)}]`
  return `${JSON.stringify(rest).slice(0, -1)},"tasks":[${texts(stage.tasks, taskText)}],"edges":${edges}}`
}

const texts = <Item>(items: readonly Item[], textOf: (item: Item) => string): string => items.map(textOf).join(',')

function kept<Item extends object>(make: (item: Item) => unknown): (item: Item) => string {
  const known = new WeakMap<Item, string>()
  return (item) => {
    let text = known.get(item)
    if (text === undefined) {
      text = JSON.stringify(make(item))
      known.set(item, text)
    }
    return text
  }
}

const taskText = kept<TaskView>(presentTask)
const edgeText = kept(presentEdge)
