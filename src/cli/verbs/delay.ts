import { Command } from 'commander'
import { parseDuration } from '../../model/time.ts'
import { actOnNode, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import type { Verb } from '../verb.ts'

export const delay: Verb = ({ terminal, action }) =>
  common(
    new Command('delay')
      .summary('give a task more time')
      .description(
        'Moves the deadline of a task: its timeout, the end of a sleep, of a review, or of the time for which it is held.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .argument('<duration>', 'how much later, e.g. 30m or 1h30m')
      .addHelpText('after', examples('millrace delay release#12 go-live 2h')),
  ).action(
    action((run: string, node: string, duration: string, options: CommonOptions) => {
      const by_ms = parseDuration(duration)
      if (by_ms !== undefined) return actOnNode(terminal, options, { run, node }, 'delay', { by_ms })
      const found = JSON.stringify(duration)
      throw new Fault(EXIT.usage, `duration: expected a duration such as 90s, 30m or 2h, found ${found}`)
    }),
  )
