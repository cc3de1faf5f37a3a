import type { Client, Run } from '../client/client.ts'
import { runName, tasksOf } from './names.ts'

const BATCH_MAX = 100

/** How the runs are called that a run has started, or was started by; asked for once. */
export class RunNames {
  readonly #client: Pick<Client, 'runs'>
  readonly #names = new Map<string, string>()

  constructor(client: Pick<Client, 'runs'>) {
    this.#client = client
  }

  /** Looks those up that belong to a run; one that may not be seen keeps its id. */
  async learn(run: Run): Promise<void> {
    const ids = [run.parent?.run_id, ...tasksOf(run).map(({ child_run }) => child_run)]
    const unknown = [...new Set(ids)].filter((id) => typeof id === 'string').filter((id) => !this.#names.has(id))
    for (let at = 0; at < unknown.length; at += BATCH_MAX) {
      const part = unknown.slice(at, at + BATCH_MAX)
      for (const id of part) this.#names.set(id, id)
      const { items } = await this.#client.runs.batch(part)
      for (const item of items) this.#names.set(item.id, runName(item))
    }
  }

  readonly of = (id: string): string => this.#names.get(id) ?? id
}
