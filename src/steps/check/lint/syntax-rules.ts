import { spawnSync } from 'node:child_process'
import { compileFunction } from 'node:vm'
import { LineCounter, parseAllDocuments } from 'yaml'
import type { Problem } from './text-rules.ts'

/** A parser that takes longer has met a file that was made to be slow. */
const PARSER_MS = 10_000
const MESSAGE_MAX = 300

/** What the parser of the file's language says, its first error only: the others mostly follow from it. */
export function syntaxProblem(path: string, absolute: string, text: string): Problem | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const ending = name.slice(name.lastIndexOf('.')).toLowerCase()
  switch (ending) {
    case '.json':
      // Configuration that by its own rules may have comments.
      return /^(?:tsconfig.*|jsconfig.*|\.eslintrc|.*rc|devcontainer)\.json$/.test(name) || path.includes('.vscode/')
        ? undefined
        : jsonProblem(text)
    case '.yaml':
    case '.yml':
      return /^[ \t]*\{\{/m.test(text) ? undefined : yamlProblem(text)
    case '.js':
    case '.cjs':
    case '.mjs':
      return javascriptProblem(text, ending === '.mjs')
    case '.sh':
    case '.bash':
      return shellProblem(absolute, text, ending === '.bash')
    default:
      return undefined
  }
}

function jsonProblem(text: string): Problem | undefined {
  try {
    JSON.parse(text.replace(/^\u{feff}/u, ''))
    return undefined
  } catch (error) {
    const { message } = error as Error
    // V8 names the line, but not when the text ends too early.
    const line = /\(line (\d+) column/.exec(message)?.[1]
    return problem('json-syntax', line === undefined ? text.trimEnd().split('\n').length : Number(line), message)
  }
}

function yamlProblem(text: string): Problem | undefined {
  const lineCounter = new LineCounter()
  // Nothing is resolved: an alias that stands for itself a million times costs nothing.
  for (const document of parseAllDocuments(text, { lineCounter, prettyErrors: false, logLevel: 'silent' })) {
    const [error] = 'errors' in document ? document.errors : []
    if (error !== undefined) return problem('yaml-syntax', lineCounter.linePos(error.pos[0]).line, error.message)
  }
  return undefined
}

/** As a script in Node's wrapper, where `return` may stand; then, when it looks like one, as a module. */
function javascriptProblem(text: string, isModule: boolean): Problem | undefined {
  const script = isModule ? undefined : scriptProblem(text)
  if (!isModule && script === undefined) return undefined
  const looksLikeModule = isModule || /^[ \t]*(?:import|export)\b|\bimport\.meta\b|\bawait\b/m.test(text)
  return looksLikeModule ? moduleProblem(text) : script
}

function scriptProblem(text: string): Problem | undefined {
  try {
    const source = text.replace(/^\u{feff}?#!.*/u, '')
    compileFunction(source, ['exports', 'require', 'module', '__filename', '__dirname'], { filename: 'checked' })
    return undefined
  } catch (error) {
    const { message, stack = '' } = error as Error
    return problem('javascript-syntax', Number(/^checked:(\d+)/.exec(stack)?.[1] ?? 0), message)
  }
}

/** Node has no parser of modules to call, but one to start; it runs nothing. */
function moduleProblem(text: string): Problem | undefined {
  const checked = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
    input: text,
    encoding: 'utf8',
    timeout: PARSER_MS,
    maxBuffer: 1024 * 1024,
  })
  if (checked.status === 0) return undefined
  const line = /\[stdin\]:(\d+)/.exec(checked.stderr)?.[1]
  const message = /^SyntaxError: (.*)$/m.exec(checked.stderr)?.[1]
  return message === undefined ? undefined : problem('javascript-syntax', Number(line ?? 0), message)
}

function shellProblem(absolute: string, text: string, isBash: boolean): Problem | undefined {
  const first = text.slice(0, 200).split('\n', 1)[0] ?? ''
  if (first.startsWith('#!') && !/\b(?:sh|bash|dash)\b/.test(first)) return undefined
  const shell = isBash || /\bbash\b/.test(first) ? 'bash' : 'sh'
  // -n reads and runs nothing. The path is absolute, so it is no option.
  const checked = spawnSync(shell, ['-n', absolute], { encoding: 'utf8', timeout: PARSER_MS, maxBuffer: 1024 * 1024 })
  if (checked.status === 0 || checked.error !== undefined || checked.status === null) return undefined
  const said = checked.stderr.split('\n').find((each) => each !== '') ?? ''
  const [, line, message] = /(?<!\d)(\d+): (.*)$/.exec(said.replace(absolute, '')) ?? []
  return problem('shell-syntax', Number(line ?? 0), message ?? said.replace(absolute, ''))
}

const problem = (ruleId: Problem['ruleId'], line: number, message: string): Problem => ({
  ruleId,
  line: Number.isSafeInteger(line) && line > 0 ? line : 0,
  message: message.slice(0, MESSAGE_MAX),
})
