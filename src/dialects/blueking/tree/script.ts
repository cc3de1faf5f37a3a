import type { PluginWork } from './plugin-work.ts'

export interface ScriptInput {
  readonly source: string
  readonly type: string
  readonly content: string
  readonly argument: string
  readonly timeout: string
  /** Constants that the script may name as `${x}`. */
  readonly names: ReadonlySet<string>
  /** The arguments stand in the script, as there is no other way for them. */
  readonly inline: boolean
}

/** How long JOB itself gives a script. */
const DEFAULT_TIMEOUT_SECONDS = 7_200
const TIMEOUT_MAX_SECONDS = 86_400
const ARGUMENT = 'JOB_SCRIPT_PARAM'

interface Language {
  readonly interpreter: string
  readonly takeArgument: string
  /** A line that gives the arguments to the one above, as a text of the language. */
  readonly giveArgument: (text: string) => string
}

/**
 * JOB runs a file without further switches, so a shell script goes on after a command that failed: the `#!` line says
 * what the type says. The arguments come in by the environment and are split without being read as a program.
 */
const SHELL: Language = {
  interpreter: '/usr/bin/env bash',
  takeArgument: `set -f; set -- $${ARGUMENT}; set +f`,
  giveArgument: (text) => `${ARGUMENT}='${text.replaceAll("'", "'\\''")}'`,
}
const LANGUAGES: Readonly<Record<string, Language>> = {
  '1': SHELL,
  '3': {
    interpreter: '/usr/bin/env perl',
    takeArgument: `use Text::ParseWords; BEGIN { @ARGV = shellwords($ENV{${ARGUMENT}}) }`,
    giveArgument: (text) => `BEGIN { $ENV{${ARGUMENT}} = '${text.replace(/[\\']/g, '\\$&')}' }`,
  },
  '4': {
    interpreter: '/usr/bin/env python3',
    takeArgument: `import os, shlex, sys; sys.argv[1:] = shlex.split(os.environ['${ARGUMENT}'])`,
    giveArgument: (text) => `import os; os.environ['${ARGUMENT}'] = ${JSON.stringify(text)}`,
  },
}

export function readScript(input: ScriptInput): PluginWork {
  const { source, type, content, argument } = input
  if (source !== '' && source !== 'manual') {
    return { ok: false, message: `job_script_source ${source} needs JOB's own scripts, only manual is served here` }
  }
  const chosen = type === '' ? '1' : type
  const language = Object.hasOwn(LANGUAGES, chosen) ? LANGUAGES[chosen] : undefined
  if (language === undefined) {
    return { ok: false, message: 'job_script_type must be 1 (shell), 3 (Perl) or 4 (Python): nothing else runs here' }
  }
  if (content.trim() === '') return { ok: false, message: 'job_content is empty' }
  const { text, env } =
    language === SHELL ? withExpressions(wholeIn(content, input.names), input.names) : { text: content, env: {} }
  const [first = '', ...rest] = text.replaceAll('\r\n', '\n').split('\n')
  const head = first.startsWith('#!') ? [first] : [`#!${language.interpreter}`]
  const body = first.startsWith('#!') ? rest : [first, ...rest]
  // One line: what it says of the lines of the script stays true but for one.
  const given = input.inline ? `${language.giveArgument(argument.replace(/\s+/g, ' '))}; ` : ''
  const takes = argument === '' ? [] : [`${given}${language.takeArgument}`]
  const timeout = /^\d{1,6}$/.test(input.timeout) ? Number(input.timeout) : 0
  return {
    ok: true,
    uses: 'script',
    with: { script: [...head, ...takes, ...body].join('\n'), marks: 'SOPS_VAR' },
    env: { ...namedIn(content, input.names), ...env, ...(argument === '' ? {} : { [ARGUMENT]: argument }) },
    timeoutSeconds: Math.min(timeout > 0 ? timeout : DEFAULT_TIMEOUT_SECONDS, TIMEOUT_MAX_SECONDS),
  }
}

/** A script that is known when it begins, and not before: all of it is a variable of its environment. */
const wholeIn = (text: string, names: ReadonlySet<string>): string => {
  const name = /^\s*\$\{(\w{1,64})\}\s*$/.exec(text)?.[1]
  return name !== undefined && names.has(name) && isEnvName(name) ? `eval "\${${name}}"` : text
}

const PIECE = /\$\{([A-Za-z_]\w{0,63})([.[][^${}#\n]{0,500})\}/g
const PIECES_MAX = 200

/**
 * `${_system.task_name}`, `${hosts[0]}`: what is more than a name has a variable of its own in the environment, as a
 * shell would take it for something else. What no constant stands for is the shell's, as in the original.
 */
function withExpressions(content: string, names: ReadonlySet<string>) {
  const env: Record<string, string> = {}
  const byPiece = new Map<string, string>()
  const text = content.replace(PIECE, (piece, head: string) => {
    if (!names.has(head)) return piece
    if (!byPiece.has(piece)) {
      if (byPiece.size === PIECES_MAX) return piece
      byPiece.set(piece, `BK_EXPRESSION_${byPiece.size + 1}`)
    }
    const name = byPiece.get(piece) ?? ''
    env[name] = piece
    return `\${${name}}`
  })
  return { text, env }
}

/** What of a script that {@link readScript} wrote came from its node. */
export function contentOf(script: string): string {
  const [first = '', ...rest] = script.split('\n')
  const own = Object.values(LANGUAGES).find(({ interpreter }) => first === `#!${interpreter}`)
  if (own === undefined) return script
  return (rest[0]?.endsWith(own.takeArgument) === true ? rest.slice(1) : rest).join('\n')
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** What would change how programs run: whoever starts a task chooses the values. */
const RESERVED =
  /^(?:PATH|HOME|SHELL|IFS|ENV|PS4|CDPATH|GLOBIGNORE|TMPDIR|PROMPT_COMMAND|SHELLOPTS|EDITOR|PAGER|(?:BASH|LD_|DYLD_|GIT_|PYTHON|PERL|NODE_|RUBY|JAVA|MILLRACE_|SYS_).*)$/

const isEnvName = (name: string): boolean => ENV_NAME.test(name) && !RESERVED.test(name)

/**
 * Constants that the script names become variables of its environment: in a shell `${x}` then means the same as in the
 * original, and no value is ever read as a part of the program. Perl and Python read them from their environment.
 */
function namedIn(content: string, names: ReadonlySet<string>): Readonly<Record<string, string>> {
  const found = [...content.matchAll(/\$\{(\w{1,64})\}/g)].map(([, name = '']) => name)
  return Object.fromEntries(
    [...new Set(found)].filter((name) => names.has(name) && isEnvName(name)).map((name) => [name, `\${${name}}`]),
  )
}
