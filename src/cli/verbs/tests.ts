import { Command } from 'commander'
import type { TestResult, TestResultList } from '../../client/client.ts'
import { common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { findTask } from '../find-node.ts'
import { printJson, safe } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { shortDuration } from '../times.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly all?: boolean
}

/** The most that the API gives at once. */
const SHOWN_MAX = 1_000

export const tests: Verb = ({ terminal, action }) =>
  common(
    new Command('tests')
      .summary('show what the tests of a run said')
      .description('Shows how many tests of a run passed and failed, and each that failed.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('[task]', 'key, name or id of a task; without it those of all tasks')
      .option('-a, --all', 'show those that passed or were skipped, too')
      .addHelpText('after', examples('millrace tests release#12', 'millrace tests 57 unit --all')),
  ).action(
    action(async (run: string, task: string | undefined, { all, json, ...options }: Options) => {
      const client = connect(terminal, options)
      const list = await client.tests.list(run, {
        ...(task === undefined ? {} : { node: await findTask(client, run, task) }),
        ...(all === true ? {} : { status: ['errored', 'failed'] }),
        limit: SHOWN_MAX,
      })
      if (json === true) printJson(terminal, list)
      else print(terminal, list)
      return EXIT.success
    }),
  )

function print(terminal: Terminal, list: TestResultList): void {
  if (!list.tested) return terminal.out('No test of this run has come to its end yet.\n')
  for (const item of list.items) terminal.out(`${linesOf(item).join('\n')}\n`)
  if (list.total > list.items.length) terminal.out(`... and ${list.total - list.items.length} more\n`)
  const { passed, failed, errored, skipped } = list.counts
  const total = passed + failed + errored + skipped
  terminal.out(
    `${total} tests: ${passed} passed, ${failed} failed, ${errored} errored, ${skipped} skipped in ${shortDuration(list.duration_ms)}\n`,
  )
}

function linesOf({ status, suite, name, file, message }: TestResult): readonly string[] {
  const where = file === '' ? '' : `  (${file})`
  return [
    safe(`${status.padEnd(7)}  ${suite === '' ? '' : `${suite} > `}${name}${where}`),
    ...(message === '' ? [] : message.split('\n').map((line) => `         ${safe(line)}`)),
  ]
}
