import { Command, Option } from 'commander'
import type { NodeActionBody, Run } from '../client/client.ts'
import type { NodeAction, RunAction } from '../model/command.ts'
import { connect, type ConnectionOptions, withConnection } from './connection.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findNode, type NodeKind } from './find-node.ts'
import { printJson } from './output.ts'
import { lastLine } from './progress.ts'
import type { Terminal } from './terminal.ts'
import type { Verb } from './verb.ts'

/** What every verb takes that talks to a server. */
export interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean
}

export const jsonOption = (text = 'print the answer of the API as JSON'): Option => new Option('--json', text)

export const common = (command: Command): Command => withConnection(command.addOption(jsonOption()))

export const RUN_ARGUMENT = 'its id, pipeline#number, or serial'
export const NODE_ARGUMENT = 'key, name or id of the task'
export const STAGE_ARGUMENT = 'key, name or id of the stage'
export const EITHER_ARGUMENT = 'key, name or id of the task or stage; where both have it, the task'

export const commentOption = (text = 'why, for whoever looks at the run'): Option =>
  new Option('--comment <text>', text)

export const untilPersonOption = (): Option =>
  new Option('--until-person', 'end with code 3 when the run waits for a person, instead of waiting with it')

export const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n')

/** Steers a run and says where it is now. */
export async function actAndShow(
  terminal: Terminal,
  options: CommonOptions,
  act: (client: ReturnType<typeof connect>) => Promise<Run>,
): Promise<ExitCode> {
  const run = await act(connect(terminal, options))
  if (options.json === true) printJson(terminal, run)
  else terminal.out(`${lastLine(run, terminal.now(), terminal.paint)}\n`)
  return EXIT.success
}

export interface NodeActionOptions extends CommonOptions {
  readonly comment?: string
}

/** Steers a node of a run and says where the run is now. */
export const actOnNode = (
  terminal: Terminal,
  { comment, ...options }: NodeActionOptions,
  { run, node, kind = 'task' }: { readonly run: string; readonly node: string; readonly kind?: NodeKind },
  action: NodeAction,
  body: NodeActionBody = {},
): Promise<ExitCode> =>
  actAndShow(terminal, options, async (client) =>
    client.nodes.act(run, await findNode(client, run, node, kind), action, {
      ...body,
      ...(comment === undefined ? {} : { comment }),
    }),
  )

const ARGUMENTS = {
  task: NODE_ARGUMENT,
  stage: STAGE_ARGUMENT,
  node: EITHER_ARGUMENT,
} as const satisfies Record<NodeKind, string>

/** A verb that steers a node and needs to know nothing but, perhaps, why. */
export const nodeVerb =
  ({ action: name, kind = 'task', ...says }: NodeVerb): Verb =>
  ({ terminal, action }) =>
    common(
      new Command(name)
        .summary(says.summary)
        .description(says.description)
        .argument('<run>', RUN_ARGUMENT)
        .argument(`<${kind}>`, ARGUMENTS[kind])
        .addOption(commentOption(says.comment))
        .addHelpText('after', examples(says.example)),
    ).action(
      action((run: string, node: string, options: NodeActionOptions) =>
        actOnNode(terminal, options, { run, node, kind }, name),
      ),
    )

/** A verb that steers a run, or a task of it alone. */
export const runOrTaskVerb =
  ({ action: name, summary, description }: RunOrTaskVerb): Verb =>
  ({ terminal, action }) =>
    common(
      new Command(name)
        .summary(summary)
        .description(description)
        .argument('<run>', RUN_ARGUMENT)
        .argument('[task]', `${NODE_ARGUMENT}; without it the run`)
        .addHelpText('after', examples(`millrace ${name} release#12`, `millrace ${name} release#12 deploy`)),
    ).action(
      action((run: string, task: string | undefined, options: CommonOptions) =>
        task === undefined
          ? actAndShow(terminal, options, (client) => client.runs.act(run, name))
          : actOnNode(terminal, options, { run, node: task }, name),
      ),
    )

interface RunOrTaskVerb {
  readonly action: RunAction & NodeAction
  readonly summary: string
  readonly description: string
}

interface NodeVerb {
  readonly action: NodeAction
  readonly kind?: NodeKind
  readonly summary: string
  readonly description: string
  /** What a comment is for. */
  readonly comment?: string
  readonly example: string
}
