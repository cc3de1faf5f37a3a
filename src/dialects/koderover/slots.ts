import type { TaskRole } from '../../model/definition.ts'

/** The sub-tasks that a task of theirs has at most, in the order in which it shows them. */
export const SLOTS = ['build', 'deploy', 'deploy_cs', 'test', 'distribute'] as const
export type Slot = (typeof SLOTS)[number]

/** Says of a stage or a task which sub-task it is, whatever its role; `none`: none of theirs. */
const MARK = 'koderover/sub_task'

/**
 * Which sub-task does such work there. Their build fetches the code and makes the image too; a static check is a test.
 * null: nothing of theirs does it. Such tasks are jobs of the build when the pipeline builds nothing else, because
 * the build is where their scripts run; beside a real build they would speak in its name, so there the status of
 * the whole task, which counts them, is all that tells of them.
 */
export const slotOfRole = {
  build: 'build',
  source: 'build',
  image: 'build',
  check: 'test',
  test: 'test',
  deploy: 'deploy',
  distribute: 'distribute',
  review: null,
  other: null,
} as const satisfies Record<TaskRole, Slot | null>

/** A task, or what stands for one, where it is. */
interface Placed {
  readonly role: TaskRole
  readonly task: { readonly annotations: Readonly<Record<string, string>> }
  readonly stage: { readonly annotations: Readonly<Record<string, string>> }
}

/** Tasks by sub-task, in the order given. */
export function bySlot<Task extends Placed>(tasks: readonly Task[]): Readonly<Record<Slot, readonly Task[]>> {
  const inSlot = (slot: Slot | null): Task[] => tasks.filter((task) => slotOf(task) === slot)
  const builds = inSlot('build')
  return {
    build: builds.length > 0 ? builds : inSlot(null),
    deploy: inSlot('deploy'),
    deploy_cs: inSlot('deploy_cs'),
    test: inSlot('test'),
    distribute: inSlot('distribute'),
  }
}

/** undefined: nothing of theirs, by its own word. */
function slotOf({ role, task, stage }: Placed): Slot | null | undefined {
  const mark = task.annotations[MARK] ?? stage.annotations[MARK]
  if (mark === 'none') return undefined
  return SLOTS.find((slot) => slot === mark) ?? slotOfRole[role]
}
