import { Command, InvalidArgumentError, Option } from 'commander'

const BENCHES = `Figures of this machine at this moment: ratios inside one run are what counts. Without names, all of them, one after the other.

  engine        durable steps per second with 200 runs at once
  idle-latency  a run of 5 steps, from the request to its durable end
  flatness      cost of a step at 20,000 nodes against 20
  flow          the tree of a flow of 10,000 nodes over HTTP
  engine-pure   the engine alone, without a store
  launch        processes that the runner starts per second
  overhead      from queued to a running process; 1,000 tasks against xargs
  page          a run of 1,000 tasks in a Chromium
  remote        as overhead, on a runner over loopback
  logs          output of tasks to disk
  store         commits of the store alone
  stored        lists and reads with many runs stored
  status        status reads against a bare node:http server`

interface Given {
  readonly json: boolean
  readonly store: 'sqlite' | 'postgres'
  readonly runs: number
}

const command = new Command('npm run bench --')
  .usage('[NAME...] [options]')
  .argument('[names...]')
  .description(BENCHES)
  .addOption(
    new Option('--store <word>', 'where engine, store and stored keep their runs; a PostgreSQL is started')
      .choices(['sqlite', 'postgres'])
      .default('sqlite'),
  )
  .addOption(new Option('--runs <n>', 'how many are stored for `stored`').argParser(wholeNumber).default(100_000))
  .option('--json', 'a line of JSON for each', false)
  .helpOption('-h, --help', 'this text')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()

/** What `npm run bench` was asked for (main.ts). */
export const options = { ...command.opts<Given>(), names: command.args }

function wholeNumber(given: string): number {
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw new InvalidArgumentError('Expected a whole number from 1.')
}
