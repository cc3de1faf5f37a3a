import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

export const resume: Verb = ({ terminal, action }) =>
  common(
    new Command('resume')
      .summary('let a paused run go on')
      .description('Lets a paused run go on where it stopped.')
      .argument('<run>', RUN_ARGUMENT),
  ).action(
    action((run: string, options: CommonOptions) =>
      actAndShow(terminal, options, (client) => client.runs.act(run, 'resume')),
    ),
  )
