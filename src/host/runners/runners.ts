import { accept, refuse, type Result } from '../../model/problem.ts'
import type { RunnerView } from '../../model/runner.ts'
import type { AuditTrail } from '../access/audit.ts'
import { lacksServer } from '../access/rights.ts'
import type { Caller, Runners } from '../app.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { unlessFull } from '../store-problems.ts'
import type { RunnerAttendance } from './attendance.ts'
import { EMBEDDED, type RunnerRoster } from './runner-roster.ts'

interface Dependencies {
  readonly roster: RunnerRoster
  readonly attendance: RunnerAttendance
  readonly dispatcher: Dispatcher
  readonly audit: Pick<AuditTrail, 'of'>
}

/** What people ask of runners. One does the work of all projects, and sees their secrets: who belongs to some only adds none. */
export class RunnerUseCases implements Runners {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  list(_caller: Caller): Promise<readonly RunnerView[]> {
    return Promise.resolve(this.#deps.attendance.views())
  }

  get(_caller: Caller, ref: string): Promise<Result<RunnerView>> {
    const view = this.#deps.attendance.view(ref)
    return Promise.resolve(view === undefined ? noRunner(ref) : accept(view))
  }

  async create(caller: Caller, { name }: { readonly name: string }) {
    const refused = lacksServer(caller, 'add a runner')
    if (refused !== undefined) return refused
    const { attendance, roster, audit } = this.#deps
    const made = await roster.add(caller, name, (id) => audit.of(caller, 'runner.create', id, name).keys)
    if (!made.ok) return made
    const { entry, token } = made.value
    const runner = attendance.view(entry.id)
    return runner === undefined ? noRunner(name) : accept({ runner, token })
  }

  pause(caller: Caller, ref: string): Promise<Result<RunnerView>> {
    return this.#setPaused(caller, ref, true)
  }

  resume(caller: Caller, ref: string): Promise<Result<RunnerView>> {
    return this.#setPaused(caller, ref, false)
  }

  async remove(caller: Caller, ref: string): Promise<Result<null>> {
    const refused = lacksServer(caller, 'remove a runner')
    if (refused !== undefined) return refused
    if (ref.startsWith(EMBEDDED))
      return refuse('not_allowed', 'the embedded runner is a part of the server: pause it instead')
    const entry = this.#deps.attendance.find(ref)
    if (entry === undefined) return noRunner(ref)
    const { roster, audit } = this.#deps
    const removed = await roster.remove(entry.id, audit.of(caller, 'runner.remove', entry.id, entry.name).keys)
    if (!removed.ok) return removed
    await this.#deps.attendance.lose(entry.id, 'its runner was removed')
    return accept(null)
  }

  async #setPaused(caller: Caller, ref: string, paused: boolean): Promise<Result<RunnerView>> {
    const refused = lacksServer(caller, paused ? 'pause a runner' : 'resume a runner')
    if (refused !== undefined) return refused
    const found = await this.get(caller, ref)
    if (!found.ok) return found
    const { id, name } = found.value
    const { roster, dispatcher, audit } = this.#deps
    const { keys } = audit.of(caller, paused ? 'runner.pause' : 'runner.resume', id, name)
    const stored = await unlessFull<null>(roster.change(id, { paused }, keys).then(() => accept(null)))
    if (!stored.ok) return stored
    const { taking } = dispatcher.runners().find((runner) => runner.name === name) ?? { taking: 'all' }
    if (taking !== 'draining') dispatcher.let(name, paused ? 'paused' : 'all')
    return this.get(caller, id)
  }
}

const noRunner = (ref: string) => refuse('not_found', `there is no runner ${JSON.stringify(ref.slice(0, 80))}`)
