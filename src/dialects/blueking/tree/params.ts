import type { Json } from '../../../model/json.ts'
import { isJsonObject } from '../../../model/json.ts'
import type { Constant } from './web-tree.ts'

/**
 * Names that no param of ours may have, as params become variables of the environment; constants may: there is hardly a
 * flow without `${env}`. Source: engine/params.ts.
 */
const RESERVED =
  /^(?:PATH|HOME|SHELL|IFS|ENV|BASHOPTS|SHELLOPTS|PROMPT_COMMAND|PS4|CDPATH|GLOBIGNORE|TMPDIR|CLASSPATH|EDITOR|VISUAL|PAGER|BROWSER|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|(?:BASH_|NODE_|PYTHON|PERL5|RUBY|JAVA_|JDK_|GIT_|SSH_|MILLRACE_|SYS_|LD_|DYLD_).*)$/i

const NAME = /^[A-Za-z_]\w*$/

/** The param by which a task's maker gives a constant its value; null: the value is the definition's. */
export function paramOf({ variable, shown, value }: Constant): string | null {
  if (!shown || hasTemplate(value)) return null
  return NAME.test(variable) && !RESERVED.test(variable) && !(variable in Object.prototype)
    ? variable
    : `bk_${variable}`
}

/** Whether a value names other constants: params are plain. */
export function hasTemplate(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${')
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasTemplate)
  return isJsonObject(value) && Object.values(value).some(hasTemplate)
}
