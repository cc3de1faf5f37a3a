import type { z } from 'zod'
import type { EdgeView, RunView, StageView, TaskView } from '../../model/view.ts'
import type { Chunks } from '../answer-cache.ts'
import { presentEdge, presentHead, presentRun, presentStage } from './present.ts'
import type { JsonText } from './route.ts'
import type { Run } from './schema.ts'
import { taskText } from './task-text.ts'

/**
 * The JSON of a run: what {@link presentRun} makes, as text. Of a run of 10,000 nodes few change from one answer to the
 * next, so the bytes of each part of its tree are kept as long as the part is the same (StageView.parts).
 */
export function runText(run: RunView): JsonText<z.output<typeof Run>> {
  return (isLarge(run) ? inChunks(run) : JSON.stringify(presentRun(run))) as JsonText<z.output<typeof Run>>
}

/** What is shown in one part is made as quickly as kept. */
const isLarge = (run: RunView): boolean => run.stages.some(({ parts }) => parts.length > 1)

function inChunks(run: RunView): Chunks {
  const chunks = [Buffer.from(`${JSON.stringify(presentHead(run)).slice(0, -1)},"stages":[`)]
  for (const [place, stage] of run.stages.entries()) {
    if (place > 0) chunks.push(COMMA)
    addStage(chunks, stage)
  }
  chunks.push(Buffer.from(']}'))
  return { chunks, length: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

function addStage(chunks: Buffer[], stage: StageView): void {
  const { tasks: _tasks, edges: _edges, ...rest } = presentStage({ ...stage, tasks: [], flow: null })
  chunks.push(Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"tasks":[`))
  addParts(chunks, stage.parts, taskBytes)
  if (stage.flow === null) chunks.push(Buffer.from('],"edges":null}'))
  else {
    chunks.push(Buffer.from('],"edges":['))
    addParts(chunks, stage.flow.parts, edgeBytes)
    chunks.push(Buffer.from(']}'))
  }
}

const COMMA = Buffer.from(',')

/** Of each part the bytes have a comma first; that of the first is left out. */
function addParts<Part>(chunks: Buffer[], parts: readonly Part[], bytesOf: (part: Part) => Buffer): void {
  for (const [place, part] of parts.entries()) chunks.push(place === 0 ? bytesOf(part).subarray(1) : bytesOf(part))
}

function kept<Item>(textOf: (item: Item) => string): (part: readonly Item[]) => Buffer {
  const known = new WeakMap<readonly Item[], Buffer>()
  return (part) => {
    let bytes = known.get(part)
    if (bytes === undefined) {
      let text = ''
      for (const item of part) text += `,${textOf(item)}`
      bytes = Buffer.from(text)
      known.set(part, bytes)
    }
    return bytes
  }
}

const taskBytes = kept<TaskView>(taskText)
const edgeBytes = kept<EdgeView>((edge) => JSON.stringify(presentEdge(edge)))
