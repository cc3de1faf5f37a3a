import type { TaskRole } from '../../model/definition.ts'

/** The four sub-tasks that a task of theirs has at most. */
export const SLOTS = ['build', 'deploy', 'test', 'distribute'] as const
export type Slot = (typeof SLOTS)[number]

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

/** Tasks by sub-task, in the order given. */
export function bySlot<Task extends { readonly role: TaskRole }>(
  tasks: readonly Task[],
): Readonly<Record<Slot, readonly Task[]>> {
  const inSlot = (slot: Slot | null): Task[] => tasks.filter(({ role }) => slotOfRole[role] === slot)
  const builds = inSlot('build')
  return {
    build: builds.length > 0 ? builds : inSlot(null),
    deploy: inSlot('deploy'),
    test: inSlot('test'),
    distribute: inSlot('distribute'),
  }
}
