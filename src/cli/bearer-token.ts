import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

/**
 * A token as somebody gave it, without the blanks that a file or a clipboard has left around it.
 * @throws Fault `refused`, which shows nothing of it: no header could carry what is not visible ASCII.
 */
export function bearerTokenOf(source: string, text: string): string {
  const token = text.trim()
  if (/^[!-~]+$/.test(token)) return token
  throw new Fault(EXIT.refused, `${source}: expected a token such as mr_..., found characters that no token has`)
}
