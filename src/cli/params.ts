import { Option } from 'commander'
import type { JsonObject } from '../model/json.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

export type Params = Readonly<Record<string, string>>

/** `--param key=value`, as often as one likes; the last one of a name counts. */
export const paramOption = (): Option => pairsOption('-p, --param <key=value>', 'value of a param')

/** `--flag key=value`, as often as one likes; the last one of a name counts. Values are text. */
export const pairsOption = (flags: string, text: string): Option =>
  new Option(flags, `${text}; repeat it for more`).argParser((given: string, before: unknown) => ({
    ...(before as Params | undefined),
    ...parsePair(nameOf(flags), given),
  }))

/** `--flag key`, as often as one likes. */
export const keysOption = (flags: string, text: string): Option =>
  new Option(flags, `${text}; repeat it for more`).argParser((given: string, before: unknown) => [
    ...((before as readonly string[] | undefined) ?? []),
    given,
  ])

/** `--flag '{"key": 1}'`, where text is not enough. */
export const objectOption = (flags: string, text: string): Option =>
  new Option(flags, text).argParser((given: string) => parseObject(nameOf(flags), given))

/** @param what named when it is refused. */
export function parsePair(what: string, text: string): Params {
  const at = text.indexOf('=')
  if (at > 0) return { [text.slice(0, at)]: text.slice(at + 1) }
  throw new Fault(EXIT.usage, `${what}: expected key=value, found ${JSON.stringify(text)}`)
}

function parseObject(what: string, text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch {
    // Told below.
  }
  throw new Fault(EXIT.usage, `${what}: expected a JSON object, found ${JSON.stringify(text.slice(0, 80))}`)
}

/** `-p, --param <key=value>` -> `--param` */
const nameOf = (flags: string): string => /--[a-z-]+/.exec(flags)?.[0] ?? flags
