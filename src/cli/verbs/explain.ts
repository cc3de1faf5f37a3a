import { Command } from 'commander'
import type { Explanation } from '../../client/client.ts'
import { common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, safe } from '../output.ts'
import { ago, took } from '../times.ts'
import type { Verb } from '../verb.ts'

export const explain: Verb = ({ terminal, action }) =>
  common(
    new Command('explain')
      .summary('say why a run is where it is')
      .description('Says why a run, and each of its open or failed tasks, is where it is, and what would change that.')
      .argument('<run>', RUN_ARGUMENT)
      .addHelpText('after', examples('millrace explain release#12')),
  ).action(
    action(async (ref: string, options: CommonOptions) => {
      const { items } = await connect(terminal, options).runs.explain(ref)
      if (options.json === true) printJson(terminal, { items })
      else for (const item of saidOnce(items)) terminal.out(`${explanationLines(item, terminal.now()).join('\n')}\n`)
      return EXIT.success
    }),
  )

/** Where one task is the whole reason, the run's entry says the same: one entry, with the key that commands take. */
function saidOnce(items: readonly Explanation[]): readonly Explanation[] {
  const [run, only, ...others] = items
  if (run === undefined || only?.node == null || others.length > 0) return items
  const { key, name } = only.node
  if (run.sentence !== `${name}: ${only.sentence}`) return items
  return [{ ...run, sentence: `${name}${name === key ? '' : ` (${key})`}: ${only.sentence}` }]
}

function explanationLines({ node, sentence, since, unblocks, deadline }: Explanation, now: number): string[] {
  const indent = node === null ? '' : '  '
  const until = deadline === null ? '' : `, at most ${took(new Date(now).toISOString(), deadline, now)} more`
  return [
    `${indent}${node === null ? '' : `${safe(node.key)}: `}${safe(sentence)}  (since ${ago(since, now)}${until})`,
    ...(unblocks.length === 0 ? [] : [`${indent}  what would change it: ${safe(unblocks.join(', '))}`]),
  ]
}
