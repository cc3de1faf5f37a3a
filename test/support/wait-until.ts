import { setTimeout as delay } from 'node:timers/promises'

/** For what the kernel tells nobody: a stranger's process that is gone, a file that another process wrote. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const started = performance.now()
  while (!(await holds())) {
    if (performance.now() - started > deadlineMs)
      throw new Error(`still not after ${deadlineMs} ms: ${holds.toString()}`)
    await delay(5)
  }
}
