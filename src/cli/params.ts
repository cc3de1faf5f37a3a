import { Option } from 'commander'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

export type Params = Readonly<Record<string, string>>

/** `--param key=value`, as often as one likes; the last one of a name counts. */
export const paramOption = (): Option =>
  new Option('-p, --param <key=value>', 'value of a param; repeat it for more').argParser(
    (text: string, before: unknown) => ({
      ...(before as Params | undefined),
      ...parseParam(text),
    }),
  )

export function parseParam(text: string): Params {
  const at = text.indexOf('=')
  if (at > 0) return { [text.slice(0, at)]: text.slice(at + 1) }
  throw new Fault(EXIT.usage, `--param: expected key=value, found ${JSON.stringify(text)}`)
}
