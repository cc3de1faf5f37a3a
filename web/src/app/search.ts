import { type RunSearch, TABS, VIEWS } from '../run/selection.ts'

/**
 * What may stand in the query of each address: filters, so that a link shows the same to others. Whatever else stands
 * there, or is not what it should be, is left out.
 */
type Raw = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined

const flag = (value: unknown): true | undefined => (value === true ? true : undefined)

/** Without the fields that are undefined: they would stand in the address. */
function given<Search extends object>(search: Search): { [Key in keyof Search]?: NonNullable<Search[Key]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Search]?: NonNullable<Search[Key]>
  }
}

export const readSignInSearch = (raw: Raw) => given({ to: localPath(raw['to']) })
export const readHomeSearch = (raw: Raw) =>
  given({ project: text(raw['project']), text: text(raw['text']), wall: flag(raw['wall']) })
export const readPipelinesSearch = (raw: Raw) => given({ project: text(raw['project']), text: text(raw['text']) })
export const readRunsSearch = (raw: Raw) =>
  given({
    project: text(raw['project']),
    text: text(raw['text']),
    status: text(raw['status']),
    needs: flag(raw['needs']),
  })

/** An address of our own to go to after signing in; nobody is led to another site by a link. */
function localPath(value: unknown): string | undefined {
  const path = text(value)
  return path !== undefined && /^\/(?![/\\])/.test(path) ? path : undefined
}

const oneOf = <Word extends string>(words: readonly Word[], value: unknown): Word | undefined =>
  words.find((word) => word === value)
const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined

export const readRunSearch = (raw: Raw): RunSearch =>
  given({
    view: oneOf(VIEWS, raw['view']),
    node: text(raw['node']),
    tab: oneOf(TABS, raw['tab']),
    attempt: count(raw['attempt']),
    at: count(raw['at']),
    line: count(raw['line']),
  })

export const PIPELINE_TABS = ['runs', 'definition', 'versions', 'triggers', 'notifications'] as const
export type PipelineTab = (typeof PIPELINE_TABS)[number]

export const readPipelineSearch = (raw: Raw) =>
  given({
    tab: oneOf(PIPELINE_TABS, raw['tab']),
    version: typeof raw['version'] === 'number' && raw['version'] >= 1 ? Math.floor(raw['version']) : undefined,
  })
export const readNewPipelineSearch = (raw: Raw) => given({ project: text(raw['project']) })

export const ADMIN_TABS = [
  'runners',
  'projects',
  'secrets',
  'notifications',
  'credentials',
  'users',
  'audit',
  'about',
] as const
export type AdminTab = (typeof ADMIN_TABS)[number]
export const readAdminSearch = (raw: Raw) => given({ tab: oneOf(ADMIN_TABS, raw['tab']) })
