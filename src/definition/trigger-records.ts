import { wordList } from '../model/word-list.ts'
import { globProblem } from '../engine/glob.ts'
import { CHANGE_ACTIONS, CHANGE_FACTS, CHANGE_KINDS, FORGES } from '../model/change.ts'
import { type ForgeStatus, FORK_POLICIES, type RepositoryFile } from '../model/definition.ts'
import { isSealedText } from '../model/secret.ts'
import { END_STATUSES } from '../model/status.ts'
import {
  CHANNEL_MAX,
  GLOB_MAX,
  GLOBS_MAX,
  NAME_MAX,
  PARAM_VALUE_MAX,
  PARAMS_MAX,
  SCHEDULE_MAX,
  SIGNED_MAX,
  SIGNED_NAME_MAX,
  URL_MAX,
} from './limits.ts'
import { name } from './names.ts'
import { choice, flag, mapOf, mapped, oneOrMore, record, type Shape, text, writtenText } from './shape.ts'
import { quote } from './tree.ts'

/** The keys of each kind of trigger. */

/** What starts a run besides people, and how many of them there may be at once. */

const channel = text({ min: 1, max: CHANNEL_MAX, oneLine: true, expected: `a name of 1 to ${CHANNEL_MAX} characters` })
const cron = text({ min: 1, max: SCHEDULE_MAX, oneLine: true, expected: 'a schedule such as 0 3 * * * or @every 15m' })

const names = {
  max: PARAMS_MAX,
  keyProblem: (found: string) =>
    found.length >= 1 && found.length <= NAME_MAX
      ? undefined
      : `expected a name of 1 to ${NAME_MAX} characters, found ${quote(found)}`,
  keySchema: { minLength: 1, maxLength: NAME_MAX },
}
const passedOn = mapOf(text({ min: 1, max: 64 }), names)
const factNames = mapOf(text({ min: 1, max: 64 }), {
  max: PARAMS_MAX,
  keyProblem: (found: string) =>
    (CHANGE_FACTS as readonly string[]).includes(found)
      ? undefined
      : `expected ${wordList(CHANGE_FACTS)}, found ${quote(found)}`,
  keySchema: { enum: [...CHANGE_FACTS] },
})

/** Also a mere flag: then the secret has the name `1`. */
const signed: Shape<string | null> = mapped(writtenText({ min: 1, max: SIGNED_MAX }), (value, tree, path, reader) => {
  if (value.length > SIGNED_NAME_MAX && !isSealedText(value)) {
    const expected = `expected text of 1 to ${SIGNED_NAME_MAX} characters, or what is sealed`
    reader.problems.add(tree.at, path, `${expected}, found ${value.length} characters`)
  }
  return value === 'false' ? null : value === 'true' ? '1' : value
})

const ownName = { shape: name, doc: 'Name of the trigger, unique in the pipeline. Default: what it waits for.' }

export const webhook = record('a webhook', {
  webhook: { shape: name, doc: 'Name of the webhook; its address is made by the server.', required: true },
  signed: {
    shape: signed,
    doc: 'Whether calls must be signed, with a secret that the server makes. Another value, such as 2, is another secret; what a dialect has sealed is the secret itself, of several any one. Default false.',
  },
  params: { shape: passedOn, doc: 'Parameter of the call -> param of the pipeline.' },
})
export const schedule = record('a schedule', {
  schedule: {
    shape: cron,
    doc: 'When a run is started: five fields of cron, six with seconds, @daily or its like, @every 15m, or once: @at 2026-11-22T15:00:00+08:00.',
    required: true,
  },
  name: ownName,
  timezone: { shape: text({ min: 1, max: 64 }), doc: 'Of its fields, such as Europe/Berlin. Default UTC.' },
  missed: {
    shape: choice(['skip', 'once']),
    doc: 'What came due while the server was down: left out, or made up for by one run. Default skip.',
  },
  params: {
    shape: mapOf(writtenText({ max: PARAM_VALUE_MAX }), names),
    doc: 'Param of the pipeline -> its value.',
  },
})
export const onChannel = record('a channel', {
  channel: { shape: channel, doc: 'Name of the channel, which others publish to.', required: true },
  name: ownName,
  params: { shape: passedOn, doc: 'Published parameter -> param of the pipeline.' },
})
export const upstream = record('an upstream', {
  upstream: {
    shape: name,
    doc: 'Name of a pipeline of the same project whose runs start one of this.',
    required: true,
  },
  name: ownName,
  statuses: {
    shape: oneOrMore(choice(END_STATUSES), END_STATUSES.length),
    doc: 'How its run must have ended. Default succeeded.',
  },
  params: {
    shape: passedOn,
    doc: 'Param of its run, <task>.<output>, or run.id, run.number, run.status -> param of the pipeline.',
  },
})

const glob: Shape<string> = mapped(text({ min: 1, max: GLOB_MAX, oneLine: true }), (value, tree, path, reader) => {
  const problem = globProblem(value)
  if (problem !== undefined) reader.problems.add(tree.at, path, `${problem}, found ${quote(value)}`)
  return value
})
const globs = oneOrMore(glob, GLOBS_MAX)
export const secretName = text({ min: 1, max: NAME_MAX, oneLine: true, expected: 'the name of a secret' })
const webAddress = text({
  min: 1,
  max: URL_MAX,
  oneLine: true,
  pattern: /^https?:\/\/[^\s@]+$/,
  expected: 'an http or https address',
})

const forgeStatus: Shape<ForgeStatus> = mapped(
  record('a commit status', {
    token: { shape: secretName, doc: "Name of the secret that holds a token of the forge's API.", required: true },
    api: {
      shape: webAddress,
      doc: "Address of the forge's API, such as https://git.example.com/api/v1. Default: the forge's own.",
    },
    context: {
      shape: text({ min: 1, max: 128, oneLine: true }),
      doc: 'Name of the status among those of the commit. Default millrace/<pipeline>.',
    },
  }),
  ({ token = '', api = null, context = null }) => ({ token, api: api?.replace(/(?<!\/)\/+$/, '') ?? null, context }),
)
const repositoryFile: Shape<RepositoryFile> = mapped(
  record('a definition in a repository', {
    url: {
      shape: text({ min: 1, max: URL_MAX, oneLine: true }),
      doc: 'Address of the repository, as git takes it: https, ssh, or what the server allows.',
      required: true,
    },
    path: {
      shape: text({
        min: 1,
        max: 1_024,
        oneLine: true,
        pattern: /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\:*?[\]]+$/,
        expected: 'a path within the repository',
      }),
      doc: 'Of the file in it. Default .millrace.yml.',
    },
    credentials: {
      shape: secretName,
      doc: 'Name of the secret that holds a token, or user:password; for ssh a private key.',
    },
    known_hosts: {
      shape: text({ min: 1, max: 65_536 }),
      doc: "Host keys of an ssh server, in lines as ssh-keyscan prints them. Default: those of the server's user.",
    },
  }),
  ({ url = '', path = '.millrace.yml', credentials = null, known_hosts: knownHosts }) => ({
    url,
    path,
    credentials,
    ...(knownHosts === undefined ? undefined : { knownHosts }),
  }),
)
export const forge = record('a forge', {
  forge: { shape: choice(FORGES), doc: 'Whose webhook it is; its address is made by the server.', required: true },
  name: { ...ownName, doc: 'Name of the trigger, unique in the pipeline. Default: the forge.' },
  signed: {
    shape: signed,
    doc: 'Which secret calls are signed with: another value, such as 2, is another secret. Default 1.',
  },
  events: {
    shape: oneOrMore(choice(CHANGE_KINDS), CHANGE_KINDS.length),
    doc: 'What starts a run. Default: all of them.',
  },
  actions: {
    shape: oneOrMore(choice(CHANGE_ACTIONS), CHANGE_ACTIONS.length),
    doc: 'Of merge requests. Default opened, synchronized and reopened.',
  },
  branches: {
    shape: globs,
    doc: 'Globs: the branches that are pushed to, or that merge requests would go into. Default: all.',
  },
  tags: { shape: globs, doc: 'Globs: the tags that are pushed. Default: all.' },
  paths: { shape: globs, doc: 'Globs: at least one file that fits must be changed. Default: any.' },
  skip_ci: { shape: flag, doc: 'Whether [skip ci] in the message is heeded. Default true.' },
  repository: { shape: text({ min: 1, max: 255, oneLine: true }), doc: 'owner/name. Default: any that is signed.' },
  forks: {
    shape: choice(FORK_POLICIES),
    doc: 'approve: a merge request from a fork waits for a person; ignore: it starts nothing; run: it runs as any other. Default approve.',
  },
  status: { shape: forgeStatus, doc: 'How the forge is told what became of the commit. Default: it is not.' },
  definition: {
    shape: repositoryFile,
    doc: 'Where stages and tasks are read, at the commit; of a fork, at the base. Default: they are those here.',
  },
  params: { shape: factNames, doc: 'Fact of the change, such as branch or sha -> param of the pipeline.' },
})

export const records = { webhook, schedule, channel: onChannel, upstream, forge } as const
