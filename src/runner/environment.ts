import { CannotStart } from '../steps/step.ts'

/** What a task may know of the runner's own environment; all else, the server's secrets above all, stays here. */
const ALLOWED = ['PATH', 'LANG', 'LC_ALL', 'TZ'] as const

/** Where programs are looked for when the runner itself has no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

/** Entry of a task's environment by which its processes are found when they have left their group. */
export const TAG = 'MILLRACE_ATTEMPT'

export function allowedEnvironment(
  own: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> & { readonly PATH: string } {
  const environment: Record<string, string> & { PATH: string } = { PATH: DEFAULT_PATH }
  for (const name of ALLOWED) {
    const value = own[name]
    if (value !== undefined && value !== '') environment[name] = value
  }
  // Without any, Python and others take text for ASCII.
  if (environment['LANG'] === undefined && environment['LC_ALL'] === undefined) environment['LANG'] = 'C.UTF-8'
  return environment
}

/** What the command lines of container engines read: where their files, their server and their credentials are. */
const READ_BY_ENGINES = [
  'PATH',
  'HOME',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'DOCKER_HOST',
  'DOCKER_CONFIG',
  'DOCKER_CONTEXT',
  'CONTAINER_HOST',
  'CONTAINERS_CONF',
  'CONTAINERS_STORAGE_CONF',
  'REGISTRY_AUTH_FILE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
] as const

/** For these programs alone; tasks do not see it. */
export function engineEnvironment(own: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const known = READ_BY_ENGINES.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]))
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(known) }
}

/** The last word belongs to the last part. Throws {@link CannotStart} for what no process can be given. */
export function joinEnvironment(...parts: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const environment = Object.fromEntries(parts.flatMap((part) => Object.entries(part)))
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      throw new CannotStart(`${JSON.stringify(name)} cannot be the name of an environment variable`)
    }
    if (value.includes('\0')) throw new CannotStart(`the environment variable ${name} holds a NUL character`)
  }
  return environment
}
