import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

export const pause: Verb = ({ terminal, action }) =>
  common(
    new Command('pause')
      .summary('begin nothing new in a run')
      .description('Pauses a run: what is at work ends, nothing new begins until it is resumed.')
      .argument('<run>', RUN_ARGUMENT),
  ).action(
    action((run: string, options: CommonOptions) =>
      actAndShow(terminal, options, (client) => client.runs.act(run, 'pause')),
    ),
  )
