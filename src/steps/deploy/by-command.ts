import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { must } from '../kit/programs.ts'
import { SaidNo } from '../kit/said-no.ts'
import { CannotStart, type StepContext } from '../step.ts'
import type { DeployInput } from './spec.ts'

/** What the deployment wrote to MILLRACE_OUTPUT are its outputs; the way back finds them as `DEPLOYED_<NAME>`. */
export async function byCommand(
  { run, rollback, path }: NonNullable<DeployInput['command']>,
  { takesBack }: Job,
  context: StepContext,
): Promise<Outputs> {
  const argv = takesBack === undefined ? run : rollback
  if (argv === undefined) throw new CannotStart('there is no command that takes it back')
  const env = Object.fromEntries(
    Object.entries(takesBack ?? {}).map(([name, value]) => [
      `DEPLOYED_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
  await must(context, argv as [string, ...string[]], { cwd: path, env })
  const read = await context.outputs()
  if (!read.ok) throw new SaidNo(read.reason)
  return read.outputs
}
