import { Command, Option } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson, printTable } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project: string
  readonly pipeline?: string
  readonly webhook?: string
  readonly email?: readonly string[]
  readonly event: readonly (typeof EVENTS)[number][]
}

const ACTIONS = ['list', 'add', 'remove', 'rotate', 'enable'] as const
const EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const

export const notifications: Verb = ({ terminal, action }) =>
  common(
    new Command('notifications')
      .summary('who is told of runs')
      .description(
        'Lists who is told of the runs of a project, adds somebody (add <name>), or removes, enables or gives another secret ' +
          'to one (remove, enable, rotate <name>). Secrets are shown once.',
      )
      .argument('[action]', `${ACTIONS.join(', ')}`, 'list')
      .argument('[name]', 'its name')
      .option('--project <project>', 'name or id', 'default')
      .option('--pipeline <pipeline>', 'name or id; else all of the project')
      .option('--webhook <url>', 'a webhook, signed as Standard Webhooks are')
      .option('--email <address...>', 'e-mail addresses')
      .addOption(
        new Option('--event <event...>', 'what of').choices(EVENTS).default(['failed', 'recovered', 'needs_person']),
      )
      .addHelpText(
        'after',
        examples(
          'millrace notifications add ops --webhook https://example.com/hook',
          'millrace notifications add team --email ops@example.com --event failed',
          'millrace notifications rotate ops',
        ),
      ),
  ).action(
    action(async (verb: string, name: string | undefined, options: Options) => {
      const { project } = options
      const client = connect(terminal, options).notifications
      if (verb === 'list') return shown(terminal, options, (await client.list(project)).items)
      if (!ACTIONS.some((one) => one === verb))
        throw new Fault(EXIT.usage, `expected one of ${ACTIONS.join(', ')}, found ${JSON.stringify(verb)}`)
      if (name === undefined) throw new Fault(EXIT.usage, `expected a name: millrace notifications ${verb} <name>`)
      if (verb === 'add') {
        const to = recipient(options)
        const made = await client.create(project, {
          name,
          pipeline: options.pipeline ?? null,
          events: [...options.event],
          to,
        })
        return said(terminal, options, made, made.secret === null ? `${made.name} is told\n` : `${made.secret}\n`)
      }
      const found = (await client.list(project)).items.find((one) => one.name === name || one.id === name)
      if (found === undefined) throw new Fault(EXIT.failed, `project ${project} has no notification ${name}`)
      if (verb === 'rotate') {
        const rotated = await client.rotate(found.id)
        return said(terminal, options, rotated, `${rotated.secret}\n`)
      }
      if (verb === 'enable') return said(terminal, options, await client.enable(found.id), `${name} is told again\n`)
      await client.remove(found.id)
      return said(terminal, options, { removed: found.id }, `${name} is told no more\n`)
    }),
  )

function recipient({
  webhook: url,
  email,
}: Options): { kind: 'webhook'; url: string } | { kind: 'email'; addresses: string[] } {
  if (url !== undefined && email === undefined) return { kind: 'webhook', url }
  if (email !== undefined && url === undefined) return { kind: 'email', addresses: [...email] }
  throw new Fault(EXIT.usage, 'expected either --webhook or --email')
}

function said(terminal: Terminal, { json }: CommonOptions, value: object, text: string): ExitCode {
  if (json === true) printJson(terminal, value)
  else terminal.out(text)
  return EXIT.success
}

function shown(
  terminal: Terminal,
  { json }: CommonOptions,
  items: readonly {
    readonly name: string
    readonly events: readonly string[]
    readonly to:
      | { readonly kind: 'webhook'; readonly url: string }
      | { readonly kind: 'email'; readonly addresses: readonly string[] }
    readonly disabled: { readonly reason: string } | null
  }[],
): ExitCode {
  if (json === true) printJson(terminal, { items })
  else if (items.length === 0) terminal.out('nobody is told of its runs\n')
  else {
    const rows = items.map(({ name, events, to, disabled }) => [
      { text: name },
      { text: to.kind === 'webhook' ? to.url : to.addresses.join(', ') },
      { text: events.join(', ') },
      { text: disabled?.reason ?? '' },
    ])
    printTable(terminal, ['NAME', 'TO', 'EVENTS', 'DISABLED'], rows)
  }
  return EXIT.success
}
