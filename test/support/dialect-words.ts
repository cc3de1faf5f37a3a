import { nodeState, reportedState, runState } from '../../src/dialects/blueking/status.ts'
import { runWord as checkWord } from '../../src/dialects/codearts-check/status.ts'
import { nodeWords, runWords } from '../../src/dialects/codearts-pipeline/status.ts'
import { stageWord as v5StageWord, stepWord, v5RunWords } from '../../src/dialects/codearts-pipeline/v5-status.ts'
import { bySlot } from '../../src/dialects/koderover/slots.ts'
import { jobWord, joinedWord, runWord as koderoverWord } from '../../src/dialects/koderover/status.ts'
import { GATE } from '../../src/dialects/koderover/zadig/custom-workflow.ts'
import { nodeWord as zadigNodeWord, taskWord as zadigWord } from '../../src/dialects/koderover/zadig/status.ts'
import { nodeStatusWord, runStatusWord } from '../../src/dialects/swr/status.ts'
import type { Failure } from '../../src/model/failure.ts'
import { isEnded } from '../../src/model/status.ts'
import type { PipelineView, RunView, StageView, TaskView } from '../../src/model/view.ts'
import type { Ask, Body } from '../../src/testing/all-dialects.ts'

/** What is said somewhere, and what our tables say that it should be. */
type Compare = (where: string, said: unknown, meant: unknown) => void

/**
 * Asks every dialect for everything that tells where this run and its nodes are, and holds it against the tables of
 * each `status.ts`. SWR and CodeArts Check know the newest run of a pipeline only: `run` must be it.
 * @returns what is not as it should be, a sentence each.
 */
export async function disagreements(ask: Ask, pipeline: PipelineView, run: RunView): Promise<readonly string[]> {
  const wrong: string[] = []
  const compare: Compare = (where, said, meant) => {
    const [a, b] = [JSON.stringify(said), JSON.stringify(meant)]
    if (a !== b) wrong.push(`${where} of a run that is ${run.status}: says ${a}, should be ${b}`)
  }
  const get = async (path: string): Promise<Body> => {
    const { status, text, body } = await ask('GET', path)
    if (status !== 200 || body === undefined) wrong.push(`GET ${path}: ${status} ${text.slice(0, 300)}`)
    return body ?? {}
  }
  await Promise.all([
    native(get, compare, run),
    koderover(get, compare, pipeline, run),
    zadig(get, compare, pipeline, run),
    codearts(get, compare, pipeline, run),
    codeartsV5(get, compare, pipeline, run),
    blueking(get, compare, run),
    check(get, compare, pipeline, run),
    swr(get, compare, pipeline, run),
  ])
  return wrong
}

type Get = (path: string) => Promise<Body>

async function native(get: Get, compare: Compare, run: RunView): Promise<void> {
  const said = await get(`/api/v1/runs/${run.id}`)
  compare('the native API', said.status, run.status)
  const nodes = run.stages.flatMap((stage) => [stage, ...stage.tasks])
  const shown = (said.stages ?? []).flatMap((stage: Body) => [stage, ...stage.tasks])
  compare(
    'the native API, nodes',
    shown.map(({ id, status }: Body) => [id, status]),
    nodes.map(({ id, status }) => [id, status]),
  )
}

async function koderover(get: Get, compare: Compare, { name }: PipelineView, run: RunView): Promise<void> {
  const said = await get(`/api/tasks/id/${run.number}/pipeline/${encodeURIComponent(name)}`)
  compare('koderover', said.status, koderoverWord[run.status])
  const slots = bySlot(run.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage }))))
  for (const [slot, placed] of Object.entries(slots)) {
    const tasks = placed.map(({ task }) => task)
    const word = joinedWord(
      tasks.map(({ status }) => status),
      isEnded(run.status),
    )
    compare(`koderover, ${slot}_task`, said[`${slot}_task`]?.status, word)
  }
  if (said.build_task !== undefined) {
    compare(
      'koderover, jobs',
      said.build_task.jobs.map(({ status }: Body) => status),
      slots.build.map(({ task }) => jobWord[task.status]),
    )
  }
  const list: readonly Body[] = await get(`/api/tasks/pipeline/${encodeURIComponent(name)}`)
  compare('koderover, list', list.find(({ id }) => id === run.number)?.current_status, koderoverWord[run.status])
}

async function zadig(get: Get, compare: Compare, { name }: PipelineView, run: RunView): Promise<void> {
  const called = encodeURIComponent(name)
  const v4 = await get(`/api/workflow/v4/workflowtask/workflow/${called}/task/${run.number}`)
  // There, what a review has refused has a word of its own, and so has what waits for one, or was passed over.
  const orReject = (word: string, failures: readonly (Failure | null | undefined)[]): string =>
    word === 'failed' && failures.some((failure) => failure?.kind === 'rejected') ? 'reject' : word
  const isGate = ({ annotations }: Pick<TaskView, 'annotations'>): boolean => annotations[GATE] !== undefined
  const waits = (tasks: readonly TaskView[]): boolean =>
    tasks.some((task) => isGate(task) && task.status === 'reviewing')
  const all = run.stages.flatMap(({ tasks }) => tasks)
  const word = orReject(zadigWord(run), [run.failure?.failure])
  compare('zadig v4', v4.status, run.status === 'reviewing' && waits(all) ? 'wait_for_approval' : word)
  compare(
    'zadig v4, stages',
    v4.stages?.map(({ status }: Body) => status),
    run.stages.map(({ status, tasks }) => {
      if (status === 'reviewing' && waits(tasks)) return 'wait_for_approval'
      return orReject(
        zadigNodeWord[status],
        tasks.map((task) => (task.status === 'failed' ? task.failure : null)),
      )
    }),
  )
  compare(
    'zadig v4, jobs',
    v4.stages?.map(({ jobs }: Body) => jobs.map(({ status }: Body) => status)),
    run.stages.map(({ tasks }) =>
      tasks
        .filter((task) => !isGate(task))
        .map(({ status, failure, ignored }) => {
          const own = orReject(zadigNodeWord[status], [failure])
          if (own === 'reject') return own
          return status === 'reviewing' ? 'wait_for_approval' : ignored ? 'unstable' : own
        }),
    ),
  )
  const single = await get(`/api/workflow/v2/tasks/id/${run.number}/pipelines/${called}`)
  compare('zadig', single.status, zadigWord(run))
  compare(
    'zadig, stages',
    single.stages?.map(({ status }: Body) => status),
    run.stages.map(({ status }) => zadigNodeWord[status]),
  )
  const told = await get(`/api/directory/workflowTask/id/${run.number}/pipelines/${called}`)
  compare('zadig, public', told.status, zadigWord(run))
  const v2 = await get(`/api/v2/tasks/id/${run.number}/pipelines/${called}`)
  compare('koderover V2', v2.status, zadigWord(run))
}

/** A stage or a task in two words. */
const standing = ({ status, outcome }: Body): unknown => ({ status, outcome })

async function codearts(get: Get, compare: Compare, { id }: PipelineView, run: RunView): Promise<void> {
  const meant = {
    run: runWords[run.status],
    nodes: run.stages.map((stage) => [nodeWords[stage.status], stage.tasks.map(({ status }) => nodeWords[status])]),
  }
  for (const [call, path] of [
    ['status', `/v3/pipelines/${id}/status?build_id=${run.number}`],
    ['detail', `/v3/pipelines/${id}/detail?build_id=${run.number}`],
  ] as const) {
    const said = await get(path)
    const nodes = (said.states ?? []).map((stage: Body) => [standing(stage), stage.children.map(standing)])
    compare(`codearts-pipeline, ${call}`, standing(said.workflow ?? said), meant.run)
    compare(`codearts-pipeline, ${call}, nodes`, nodes, meant.nodes)
  }
  const [batch]: readonly Body[] = await get(`/v3/pipelines/status?pipeline_ids=${id}`)
  compare('codearts-pipeline, batch', { status: batch.status, outcome: batch.result }, meant.run)
}

async function codeartsV5(get: Get, compare: Compare, pipeline: PipelineView, run: RunView): Promise<void> {
  const path = `/v5/${pipeline.project.id}/api/pipelines/${pipeline.id}/pipeline-runs/detail?pipeline_run_id=${run.id}`
  const said = await get(path)
  compare('codearts-pipeline v5', said.status, v5RunWords[run.status])
  const stages = new Map(run.stages.map((stage) => [stage.id as string, v5StageWord(stage)]))
  const tasks = new Map(
    run.stages.flatMap((stage) => stage.tasks.map((task) => [task.id as string, stepWord(task)] as const)),
  )
  for (const stage of said.stages ?? []) {
    compare('codearts-pipeline v5, a stage', stage.status, stages.get(stage.id))
    const steps = [...stage.pre, ...stage.jobs.flatMap((job: Body) => job.steps), ...stage.post]
    for (const step of steps) compare('codearts-pipeline v5, a step', step.status, tasks.get(step.id))
  }
}

async function blueking(get: Get, compare: Compare, run: RunView): Promise<void> {
  const { data } = await get(`/api/bk-sops/prod/get_task_status/${run.serial}/${run.project.serial}/`)
  if (run.startedAt === null) {
    compare('blueking', data?.state, run.status === 'waiting' ? 'CREATED' : data?.state)
    return
  }
  const own = ownState(run)
  const below: readonly Body[] = Object.values(data?.children ?? {})
  const states = (nodes: readonly Body[]) => nodes.map(({ state }) => state)
  compare('blueking', data?.state, reportedState(own, states(below), 1))
  const tasks = new Map<string, TaskView>(run.stages.flatMap((stage) => stage.tasks.map((task) => [task.id, task])))
  const shown = new Set<string>()
  const walk = (nodes: readonly Body[]): void => {
    for (const node of nodes) {
      const children: readonly Body[] = Object.values(node.children)
      shown.add(node.id)
      walk(children)
      const task = tasks.get(node.id)
      if (task === undefined || children.length > 0) continue
      compare(`blueking, ${task.key}`, node.state, taskState(task))
    }
  }
  walk(below)
  // A stage that was passed over has nothing in it, and one that is to begin anew is not there yet.
  const reached = run.stages
    .filter(({ startedAt, status }) => startedAt !== null && status !== 'pending')
    .flatMap((stage) => stage.tasks)
  const missing = reached.filter((task) => isEntered(task) && !shown.has(task.id))
  compare(
    'blueking, nodes that were entered and are not shown',
    missing.map(({ key }) => key),
    [],
  )
}

/** What blueking/status.ts says of a run besides its table: a cancel shows at once, what waits or is held is at work. */
function ownState(run: RunView): Parameters<typeof reportedState>[0] {
  if (run.endedAt === null && run.cancelling !== null) return 'REVOKED'
  if (run.endedAt === null && run.pausedAt !== null) return 'SUSPENDED'
  return run.status === 'waiting' || run.status === 'paused' ? 'RUNNING' : runState[run.status]
}

const isEntered = (task: TaskView): boolean =>
  nodeState[task.status] !== null && task.skipped?.because !== 'excluded' && task.loop > 0

function taskState(task: TaskView): unknown {
  // Passed over, and between two attempts: what the failed one was.
  if (task.ignored) return 'FINISHED'
  if (task.retryAt !== null) return 'FAILED'
  if (task.status === 'pending') {
    const last = task.earlier.at(-1)
    // What failed and was retried in a run that stands still is READY, until it begins.
    const isRetried =
      last !== undefined && last.failure !== null && !last.skipped && last.loop === Math.max(1, task.loop)
    return isRetried ? 'READY' : nodeState[last?.status ?? 'pending']
  }
  return nodeState[task.status]
}

async function check(get: Get, compare: Compare, { id }: PipelineView, run: RunView): Promise<void> {
  const said = await get(`/v2/tasks/${id}/progress`)
  compare('codearts-check', said.task_status, checkWord[run.status])
}

async function swr(get: Get, compare: Compare, { serial }: PipelineView, run: RunView): Promise<void> {
  const said = (await get(`/v3/manage/pipelines/${serial}`)).status ?? {}
  const word = refined(run.status, runStatusWord[run.status], run.failure?.failure.kind)
  compare('swr', said.status, word)
  const hasRun = run.status !== 'waiting' || run.startedAt !== null
  const stages = run.stages.filter(({ annotations }) => annotations['post'] !== 'true')
  compare(
    'swr, stages',
    (said.stages ?? []).map(({ status }: Body) => status),
    hasRun ? stages.map(stageWord) : ['waiting'],
  )
  const list = await get(`/v3/manage/pipelines?limit=100&offset=0`)
  const items: readonly Body[] = Array.isArray(list) ? list : (list.pipelines ?? [])
  compare('swr, list', items.find(({ id }) => id === serial)?.status.status, word)
}

function stageWord(stage: StageView): unknown {
  const failure = stage.tasks.find((task) => task.failure !== null && !task.ignored)?.failure
  return refined(stage.status, nodeStatusWord[stage.status], failure?.kind)
}

/** Whose credentials were refused has a word of its own. */
const refined = (status: string, word: string, kind: string | undefined): string =>
  (status === 'errored' || status === 'held') && kind === 'unauthorized' ? 'unauthorized' : word
