import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import { parsePair } from '../params.ts'
import type { Verb } from '../verb.ts'

export const modify: Verb = ({ terminal, action }) =>
  common(
    new Command('modify')
      .summary('change params of a run under way')
      .description('Changes params of a run. What has begun keeps what it has seen, what comes sees the new values.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<params...>', 'key=value, the others stay')
      .addHelpText('after', examples('millrace modify release#12 target=staging', 'millrace modify 57 tag=v1.3 note=')),
  ).action(
    action((run: string, words: string[], options: CommonOptions) => {
      const params = Object.assign({}, ...words.map((word) => parsePair('params', word))) as Record<string, string>
      return actAndShow(terminal, options, (client) => client.runs.act(run, 'modify', { params }))
    }),
  )
