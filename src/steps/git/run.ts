import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
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
import { isFullCommit, isRef, isShortCommit, isUrl, splitCredentials, storedCredentials } from './address.ts'
import { git, type GitInput } from './spec.ts'

/** Where the ref was found and what to fetch for it. */
type Target =
  | { readonly kind: 'branch' | 'tag'; readonly name: string }
  | { readonly kind: 'commit'; readonly name: string }

/**
 * Runs git with nothing of the machine's: no system or user configuration, no hooks, no questions, and only the
 * transports that fetch. All words are checked in address.ts and no shell is between.
 */
export const run: StepRun = async (job, context) => {
  const input = parseWith(git, job)
  // Checked again: the schema lets a template through, and what it gave may be anything.
  if (!isUrl(input.url))
    throw new CannotStart(`not an address to fetch from: ${JSON.stringify(withoutUser(input.url))}`)
  if (input.ref !== undefined && !isRef(input.ref)) throw new CannotStart(`not a ref: ${JSON.stringify(input.ref)}`)
  const { url, config } = splitCredentials(input.url)
  const repository = new Repository(context, input.path, config + credentialsFor(input, context))
  context.log(`Fetching ${input.ref ?? 'HEAD'} from ${url}\n`)

  const target = await findTarget(repository, url, input.ref === 'HEAD' ? undefined : input.ref)
  await repository.open(url, job.attempt > 1)
  await fetchTarget(repository, target, wholeNumber(input.depth), (text) => context.log(text))
  const checkout =
    target.kind === 'branch'
      ? ['-B', target.name, `refs/remotes/origin/${target.name}`]
      : ['--detach', revisionOf(target)]
  await repository.git(['checkout', '--quiet', '--force', ...checkout], 'check the files out')

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
  depth: number,
  log: (text: string) => void,
): Promise<void> {
  const shallow = depth === 0 ? [] : [`--depth=${depth}`]
  const fetch = ['fetch', '--quiet', '--no-tags', '--force', '--no-recurse-submodules']
  const { kind, name } = target
  if (kind !== 'commit') {
    const refspec =
      kind === 'branch' ? `refs/heads/${name}:refs/remotes/origin/${name}` : `refs/tags/${name}:refs/tags/${name}`
    await repository.git([...fetch, ...shallow, 'origin', `+${refspec}`], `fetch the ${kind} ${name}`)
    return
  }
  // Servers may refuse a commit that no ref names (uploadpack.allowReachableSHA1InWant), and none takes a short one.
  if (isFullCommit(name) && (await repository.tries([...fetch, ...shallow, 'origin', name]))) return
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

  constructor(context: StepContext, path: string, config: string) {
    this.#context = context
    this.#path = normalize(path)
    if (isAbsolute(path) || this.#path.split('/')[0] === '..') {
      throw new CannotStart(`${JSON.stringify(path)} is not inside the workspace`)
    }
    const file = join(context.scratch, 'gitconfig')
    // As the user's configuration, because git gives `-c` options not to the process that reads a local repository.
    writeFileSync(
      file,
      `[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n${config}`,
      {
        mode: 0o600,
      },
    )
    this.#env = {
      GIT_CONFIG_GLOBAL: file,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'true',
      SSH_ASKPASS: 'true',
      GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new',
      LC_ALL: 'C.UTF-8',
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
    if (code !== 0) throw new CannotStart(`git could not ${purpose}: it exited with code ${code}, its log says why`)
  }

  async tries(args: readonly string[]): Promise<boolean> {
    return (await this.#run(args, {})) === 0
  }

  async read(args: readonly string[], purpose: string): Promise<string> {
    let stdout = ''
    const inRepository = args[0] !== 'ls-remote'
    const code = await this.#run(args, { capture: true }, inRepository ? this.#path : '.', (text) => (stdout = text))
    if (code !== 0) throw new CannotStart(`git could not ${purpose}: it exited with code ${code}, its log says why`)
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
