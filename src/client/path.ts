import { ClientError } from './error.ts'

/** Things are called by id; projects and pipelines also by name, runs also by serial, nodes also by key. */
export type Ref = string | number

/** A path of the API; what is put into it stays one part of it, whatever it holds. */
export function at(strings: TemplateStringsArray, ...parts: readonly Ref[]): string {
  return strings.reduce((path, text, index) => path + partOf(path, String(parts[index - 1])) + text)
}

/** Every reader of addresses takes these for the parts before them, also with their dots escaped. */
const DOTS: ReadonlySet<string> = new Set(['.', '..'])

function partOf(before: string, text: string): string {
  const kind = before.split('/').at(-2) ?? ''
  if (text === '') throw new ClientError('invalid_request', `${kind}: expected a name or an id, found ""`)
  if (DOTS.has(text))
    throw new ClientError(
      'invalid_request',
      `${kind}: expected a name that an address can hold or an id, found "${text}"`,
    )
  return encodeURIComponent(text)
}
