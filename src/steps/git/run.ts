import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
import type { AttemptResult } from '../../model/command.ts'
import type { Job } from '../../model/job.ts'
import {
  CannotStart,
  givenSecret,
  MissingTool,
  parseWith,
  wholeNumber,
  type ExecOptions,
  type StepContext,
  type StepRun,
} from '../step.ts'
import { answered, Unauthorized } from '../kit/said-no.ts'
import { keyText, refusalSentence, sshCommand, sshRefusal, type SshSetting } from '../kit/ssh.ts'
import { insideOf, readStart } from '../kit/workspace-file.ts'
import {
  isDirectory,
  isFullCommit,
  isLocalAddress,
  isRef,
  isShortCommit,
  isSshAddress,
  isUrl,
  splitCredentials,
  storedCredentials,
} from './address.ts'
import { isNotLetIn } from './events.ts'
import { git, type GitInput } from './spec.ts'

/** The filters that `git lfs install` writes into the user's configuration. */
const LFS = `[filter "lfs"]
\tclean = git-lfs clean -- %f
\tsmudge = git-lfs smudge -- %f
\tprocess = git-lfs filter-process
\trequired = true
`

/** Where the ref was found and what to fetch for it. */
type Target =
  | { readonly kind: 'branch' | 'tag'; readonly name: string }
  | { readonly kind: 'commit'; readonly name: string }

/**
 * Runs git with nothing of the machine's: no system or user configuration, no hooks, no questions, and only the
 * transports that fetch. All words are checked in address.ts and no shell is between.
 */
export const run: StepRun = (job, context) => answered(() => fetched(job, context))

async function fetched(job: Job, context: StepContext): Promise<AttemptResult> {
  const input = parseWith(git, job)
  // Checked again: the schema lets a template through, and what it gave may be anything.
  if (!isUrl(input.url))
    throw new CannotStart(`not an address to fetch from: ${JSON.stringify(withoutUser(input.url))}`)
  if (input.ref !== undefined && !isRef(input.ref)) throw new CannotStart(`not a ref: ${JSON.stringify(input.ref)}`)
  const { url, config } = splitCredentials(input.url)
  const repository = new Repository(context, input, config + credentialsFor(input, context))
  context.log(`Fetching ${input.ref ?? 'HEAD'} from ${url}\n`)

  const target = await findTarget(repository, url, input.ref === 'HEAD' ? undefined : input.ref)
  await repository.open(url, job.attempt > 1)
  if (input.sparse !== undefined) await repository.sparse(input.sparse)
  const options = fetchOptions(input)
  await fetchTarget(repository, target, options, (text) => context.log(text))
  const checkout =
    target.kind === 'branch'
      ? ['-B', target.name, `refs/remotes/origin/${target.name}`]
      : ['--detach', revisionOf(target)]
  await repository.git(['checkout', '--quiet', '--force', ...checkout], 'check the files out')
  if (input.submodules !== undefined && input.submodules !== false)
    await fetchSubmodules(repository, input, job.attempt > 1)

  const [commit = '', short = '', author = '', subject = ''] = (
    await repository.read(['log', '-1', '--format=%H%x00%h%x00%an <%ae>%x00%s'], 'read the commit')
  )
    .trimEnd()
    .split('\0')
  context.log(`${short} ${subject} (${author}) ${target.kind} ${target.name}\n`)
  return {
    kind: 'succeeded',
    outputs: {
      commit,
      short_commit: short,
      ref: target.name,
      ...(target.kind === 'branch' ? { branch: target.name } : {}),
      author,
      subject,
    },
  }
}

/** How much of the history is fetched, and of the files: sparse ones as they are checked out. */
const fetchOptions = ({ depth: given, sparse }: GitInput): readonly string[] => {
  const depth = wholeNumber(given)
  return [...(depth === 0 ? [] : [`--depth=${depth}`]), ...(sparse === undefined ? [] : ['--filter=blob:none'])]
}

/** @param anew their directories may be there while what git knew of them is gone. */
async function fetchSubmodules(repository: Repository, { submodules, depth }: GitInput, anew: boolean): Promise<void> {
  if (anew) repository.removeDirectories(await repository.submodulePaths())
  const count = wholeNumber(depth)
  await repository.git(
    [
      'submodule',
      'update',
      '--init',
      '--checkout',
      '--force',
      '--quiet',
      ...(count === 0 ? [] : [`--depth=${count}`]),
      ...(submodules === 'recursive' ? ['--recursive'] : []),
    ],
    'fetch the submodules',
  )
}

/** Writes the token down where git finds it. */
function credentialsFor({ url, user = 'git', token }: GitInput, context: StepContext): string {
  if (token === undefined) return ''
  const path = join(context.scratch, 'credentials')
  // Secrets that were read from a file mostly end with a newline.
  const stored = storedCredentials(url, user, givenSecret(context, token).trimEnd(), path)
  if (stored === undefined) throw new CannotStart('a token is for an http or https URL without a user of its own')
  writeFileSync(path, stored.file, { mode: 0o600 })
  return stored.config
}

/** The key and the hosts in files of the attempt, which are removed with it. */
function sshFiles(
  { url, key, known_hosts: hosts, host_check: check }: GitInput,
  context: StepContext,
): Omit<SshSetting, 'logFile'> {
  const written = (name: string, text: string): string => {
    const path = join(context.scratch, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  if (key !== undefined && !isSshAddress(url)) throw new CannotStart('a key is for an ssh address')
  return {
    keyFile: key === undefined ? undefined : written('ssh-key', keyText(givenSecret(context, key))),
    knownHostsFile: hosts === undefined ? undefined : written('known-hosts', `${hosts}\n`),
    firstUse: check === 'first-use',
  }
}

async function findTarget(repository: Repository, url: string, ref: string | undefined): Promise<Target> {
  // Webhooks give the whole name.
  const [, kind, short] = /^refs\/(heads|tags)\/(.+)$/.exec(ref ?? '') ?? []
  const name = short ?? ref
  const patterns = [`refs/heads/${name}`, `refs/tags/${name}`].filter((pattern) =>
    pattern.startsWith(`refs/${kind ?? ''}`),
  )
  const listed = await repository.read(
    ['ls-remote', '--symref', '--', url, ...(name === undefined ? ['HEAD'] : patterns)],
    'read the repository',
  )
  const lines = listed.split('\n').map((line) => line.split('\t'))
  if (name === undefined) {
    const head = lines.find(([what, name]) => name === 'HEAD' && what?.startsWith('ref: refs/heads/') === true)?.[0]
    if (head !== undefined) return { kind: 'branch', name: head.slice('ref: refs/heads/'.length) }
    const commit = lines.find(([, name]) => name === 'HEAD')?.[0]
    if (commit !== undefined && isFullCommit(commit)) return { kind: 'commit', name: commit }
    throw new CannotStart('the repository has no HEAD: it is empty')
  }
  if (isFullCommit(name)) return { kind: 'commit', name }
  const names = new Set(lines.map(([, name]) => name))
  // As git-clone(1) does with --branch: the branch first.
  if (kind !== 'tags' && names.has(`refs/heads/${name}`)) return { kind: 'branch', name }
  if (kind !== 'heads' && names.has(`refs/tags/${name}`)) return { kind: 'tag', name }
  if (isShortCommit(name)) return { kind: 'commit', name }
  throw new CannotStart(`the repository has no branch, tag or commit ${JSON.stringify(ref)}`)
}

async function fetchTarget(
  repository: Repository,
  target: Target,
  options: readonly string[],
  log: (text: string) => void,
): Promise<void> {
  const fetch = ['fetch', '--quiet', '--no-tags', '--force', '--no-recurse-submodules']
  const { kind, name } = target
  if (kind !== 'commit') {
    const refspec =
      kind === 'branch' ? `refs/heads/${name}:refs/remotes/origin/${name}` : `refs/tags/${name}:refs/tags/${name}`
    await repository.git([...fetch, ...options, 'origin', `+${refspec}`], `fetch the ${kind} ${name}`)
    return
  }
  // Servers may refuse a commit that no ref names (uploadpack.allowReachableSHA1InWant), and none takes a short one.
  if (isFullCommit(name) && (await repository.tries([...fetch, ...options, 'origin', name]))) return
  log('The commit cannot be fetched alone; fetching all branches and tags\n')
  await repository.git(
    [...fetch, 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'],
    'fetch the repository',
  )
  if (!(await repository.tries(['rev-parse', '--quiet', '--verify', `${name}^{commit}`]))) {
    throw new CannotStart(`the repository has no commit ${name} on a branch or tag`)
  }
}

const revisionOf = ({ kind, name }: Target): string => (kind === 'tag' ? `refs/tags/${name}` : name)

const withoutUser = (url: string): string => url.replace(/\/\/[^/@]*@/, '//')

/** One checkout in the workspace and git's commands on it. */
class Repository {
  readonly #context: StepContext
  readonly #path: string
  readonly #env: Readonly<Record<string, string>>

  /** ssh appends to it what it has to say. */
  readonly #sshLog: string
  /** And git, as events: https://git-scm.com/docs/api-trace2 */
  readonly #trace: string
  readonly #hasCredentials: boolean

  constructor(context: StepContext, input: GitInput, config: string) {
    const { path, url, lfs } = input
    this.#context = context
    this.#path = normalize(path)
    if (isAbsolute(path) || this.#path.split('/')[0] === '..') {
      throw new CannotStart(`${JSON.stringify(path)} is not inside the workspace`)
    }
    this.#sshLog = join(context.scratch, 'ssh-log')
    this.#trace = join(context.scratch, 'git-events')
    this.#hasCredentials = config !== ''
    const file = join(context.scratch, 'gitconfig')
    // As the user's configuration, because git gives `-c` options not to the process that reads a local repository.
    writeFileSync(
      file,
      `[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n${lfs === true ? LFS : ''}${config}`,
      {
        mode: 0o600,
      },
    )
    this.#env = {
      GIT_CONFIG_GLOBAL: file,
      GIT_CONFIG_NOSYSTEM: '1',
      // Where submodules are is for the repository to say: one of elsewhere reads no other of this machine.
      GIT_ALLOW_PROTOCOL: isLocalAddress(url) ? 'file:git:http:https:ssh' : 'git:http:https:ssh',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'true',
      SSH_ASKPASS: 'true',
      GIT_SSH_COMMAND: sshCommand({ ...sshFiles(input, context), logFile: this.#sshLog }),
      LC_ALL: 'C.UTF-8',
      ...(/^https?:/.test(url) ? { GIT_TRACE2_EVENT: this.#trace } : {}),
    }
  }

  /** @param anew an earlier attempt may have been killed in the middle and have left locks behind. */
  async open(url: string, anew: boolean): Promise<void> {
    const directory = join(this.#context.workspace, this.#path)
    mkdirSync(directory, { recursive: true })
    if (anew) rmSync(join(directory, '.git'), { recursive: true, force: true })
    await this.git(['init', '--quiet', '--initial-branch=main', '--template='], 'make a repository')
    await this.git(['config', 'remote.origin.url', url], 'name the remote')
  }

  async git(args: readonly string[], purpose: string): Promise<void> {
    const code = await this.#run(args, {})
    if (code !== 0) throw this.#couldNot(purpose, code)
  }

  /** To be called before the checkout. */
  async sparse(directories: readonly string[]): Promise<void> {
    for (const path of directories) {
      if (!isDirectory(path)) throw new CannotStart(`with.sparse: expected a directory, found ${JSON.stringify(path)}`)
    }
    await this.git(['sparse-checkout', 'set', '--cone', ...directories], 'choose the directories')
  }

  async submodulePaths(): Promise<readonly string[]> {
    const listed = await this.read(['ls-files', '--stage', '-z'], 'list the submodules')
    return listed.split('\0').flatMap((line) => /^160000 \S+ \d\t(.+)$/.exec(line)?.[1] ?? [])
  }

  removeDirectories(paths: readonly string[]): void {
    const root = join(this.#context.workspace, this.#path)
    for (const path of paths) {
      const real = insideOf(root, path)
      if (real !== undefined) rmSync(real, { recursive: true, force: true })
    }
  }

  /** What ssh said goes to the log, and what can be told from it becomes the reason. */
  #couldNot(purpose: string, code: number): Error {
    const said = Buffer.from(readStart(this.#sshLog, 64 * 1_024))
      .toString()
      .replaceAll('\0', '')
    rmSync(this.#sshLog, { force: true })
    if (said !== '') this.#context.log(said.endsWith('\n') ? said : `${said}\n`)
    const refusal = sshRefusal(said)
    const reason = `git could not ${purpose}`
    if (isNotLetIn(readStart(this.#trace, 256 * 1_024))) {
      const given = this.#hasCredentials
        ? 'the server refused the token, or what it may do'
        : 'the server wants a token, or there is no such repository'
      return new Unauthorized(`${reason}: ${given}`)
    }
    if (refusal === 'not-let-in') return new Unauthorized(`${reason}: ${refusalSentence[refusal]}`)
    if (refusal !== undefined) return new CannotStart(`${reason}: ${refusalSentence[refusal]}`)
    return new CannotStart(`${reason}: it exited with code ${code}, its log says why`)
  }

  async tries(args: readonly string[]): Promise<boolean> {
    return (await this.#run(args, {})) === 0
  }

  async read(args: readonly string[], purpose: string): Promise<string> {
    let stdout = ''
    const inRepository = args[0] !== 'ls-remote'
    const code = await this.#run(args, { capture: true }, inRepository ? this.#path : '.', (text) => (stdout = text))
    if (code !== 0) throw this.#couldNot(purpose, code)
    return stdout
  }

  async #run(
    args: readonly string[],
    options: Pick<ExecOptions, 'capture'>,
    cwd = this.#path,
    take: (stdout: string) => void = () => {},
  ): Promise<number> {
    const result = await this.#context.exec(['git', ...args], { ...options, cwd, env: this.#env })
    switch (result.kind) {
      case 'exited':
        take(result.stdout)
        return result.code
      case 'signalled':
        throw new CannotStart(`git was ended by ${result.signal}`)
      case 'not-found':
        throw new MissingTool('git')
    }
  }
}
