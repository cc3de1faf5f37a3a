import { Command, Option } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import type { UserAccount } from '../../client/client.ts'
import { printJson, printTable, safe } from '../output.ts'
import { readSecret } from '../read-secret.ts'
import type { Terminal } from '../terminal.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly role?: UserAccount['role']
  readonly projects?: string
  readonly passwordFile?: string
  readonly domain?: string
}

const roleOption = (): Option =>
  new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'admin'] satisfies UserAccount['role'][])
const projectsOption = (): Option =>
  new Option('--projects <a,b>', 'names or ids of the projects it sees, joined by commas; all: every project')
const passwordOption = (): Option =>
  new Option('--password-file <file>', 'holds the password; - is stdin. Without it only keys let in')

const projectsOf = (text: string | undefined): readonly string[] | null | undefined =>
  text === undefined ? undefined : text === 'all' ? null : text.split(',').filter((name) => name !== '')

function tell(terminal: Terminal, options: Options, user: UserAccount, what: string): typeof EXIT.success {
  if (options.json === true) printJson(terminal, user)
  else terminal.out(`${what} ${safe(user.name)}\n`)
  return EXIT.success
}

export const users: Verb = ({ terminal, action }) => {
  const disabling = (name: string, summary: string, disabled: boolean): Command =>
    common(new Command(name).summary(summary).argument('<user>', 'name or id')).action(
      action(async (user: string, options: Options) =>
        tell(terminal, options, await connect(terminal, options).users.change(user, { disabled }), `${name}d`),
      ),
    )
  return new Command('users')
    .summary('users of the server')
    .description('Users of the server. For admins of all projects; everyone may change their own password.')
    .addHelpText('after', examples('millrace users create li --role operator --password-file -', 'millrace users list'))
    .addCommand(
      common(new Command('list').summary('all of them')).action(
        action(async (options: Options) => {
          const { items } = await connect(terminal, options).users.list()
          if (options.json === true) printJson(terminal, { items })
          else {
            const rows = items.map(({ name, role, project_ids, disabled_at }) => [
              { text: name },
              { text: role },
              { text: project_ids === null ? 'all' : String(project_ids.length) },
              { text: disabled_at === null ? '' : `disabled ${disabled_at}` },
            ])
            printTable(terminal, ['USER', 'ROLE', 'PROJECTS', ''], rows)
          }
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      common(
        new Command('create')
          .summary('make one')
          .argument('<name>', 'letters, digits and @ . _ -')
          .addOption(roleOption().makeOptionMandatory())
          .addOption(projectsOption().default('all'))
          .addOption(passwordOption())
          .option('--domain <domain>', 'account name for Huawei IAM; without it that of who makes it')
          .addHelpText('after', examples('millrace users create li --role operator --password-file -')),
      ).action(
        action(async (name: string, { role = 'viewer', projects, passwordFile, domain, ...options }: Options) => {
          const user = await connect(terminal, options).users.create({
            name,
            role,
            projects: projectsOf(projects)?.slice() ?? null,
            password: passwordFile === undefined ? null : readSecret(passwordFile),
            ...(domain === undefined ? {} : { domain }),
          })
          return tell(terminal, options, user, 'made')
        }),
      ),
    )
    .addCommand(
      common(
        new Command('change')
          .summary('change role, projects or password')
          .argument('<user>', 'name or id')
          .addOption(roleOption())
          .addOption(projectsOption())
          .addOption(passwordOption()),
      ).action(
        action(async (user: string, { role, projects, passwordFile, ...options }: Options) => {
          const seen = projectsOf(projects)
          const changed = await connect(terminal, options).users.change(user, {
            ...(role === undefined ? {} : { role }),
            ...(seen === undefined ? {} : { projects: seen?.slice() ?? null }),
            ...(passwordFile === undefined ? {} : { password: readSecret(passwordFile) }),
          })
          return tell(terminal, options, changed, 'changed')
        }),
      ),
    )
    .addCommand(disabling('disable', 'refuse its credentials from now on', true))
    .addCommand(disabling('enable', 'let it in again', false))
    .addCommand(
      common(
        new Command('password')
          .summary('change your own password')
          .argument('<old-file>', 'holds the old password')
          .argument('<new-file>', 'holds the new one; - is stdin'),
      ).action(
        action(async (oldFile: string, newFile: string, options: Options) => {
          await connect(terminal, options).users.changeOwnPassword(readSecret(oldFile), readSecret(newFile))
          if (options.json === true) printJson(terminal, {})
          else terminal.out('changed\n')
          return EXIT.success
        }),
      ),
    )
}
