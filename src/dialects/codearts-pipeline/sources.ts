import type { JsonObject } from '../../model/json.ts'
import { sourceOf, variablesOf, type Source } from './dto.ts'
import { objectsAt, read } from './read.ts'

/** A code source of a pipeline, with the param that says which branch of it a run builds. */
export interface NamedSource extends Source {
  /** null: it has no address, or a variable of that name is there already. */
  readonly param: string | null
}

/** `<alias>_BRANCH`, as the vendor calls it, or `REPO1_BRANCH` by the place among those with an address. */
export function namedSources(
  sources: readonly Source[],
  variables: readonly { readonly name: string }[],
): readonly NamedSource[] {
  const taken = new Set(variables.map(({ name }) => name))
  let place = 0
  return sources.map((source) => {
    if (source.url === '') return { ...source, param: null }
    place += 1
    const name = /^[A-Za-z_]\w{0,50}$/.test(source.alias) ? `${source.alias}_BRANCH` : `REPO${place}_BRANCH`
    const isFree = !taken.has(name)
    taken.add(name)
    return { ...source, param: isFree ? name : null }
  })
}

/** Of the body that a pipeline was made with; none of one that is not whole any more. */
export function namedSourcesOf(dto: JsonObject): readonly NamedSource[] {
  const sources = read(() => objectsAt(dto['sources'], 'sources', Number.MAX_SAFE_INTEGER).map(sourceOf))
  const variables = read(() => variablesOf(dto))
  return sources.ok && variables.ok ? namedSources(sources.value, variables.value) : []
}

/** A source of a start, and what to build of it. */
export interface GivenRef {
  /** Among the sources of the start. */
  readonly place: number
  readonly alias: string
  readonly url: string
  readonly repository: string
  readonly type: 'branch' | 'tag'
  readonly ref: string
}
/** The same, by the place of the source in the pipeline. */
export interface ChosenRef {
  readonly source: number
  readonly type: 'branch' | 'tag'
  readonly ref: string
}

/**
 * Which source of the pipeline each source of a start is: the one with its alias, its address, or its repository's id; else
 * the one at its place, as clients send `{params: {default_branch}}` alone.
 */
export const chosenRefs = (sources: readonly NamedSource[], given: readonly GivenRef[]): readonly ChosenRef[] =>
  given.flatMap(({ place, alias, url, repository, type, ref }) => {
    const by = (key: 'alias' | 'url' | 'repository', value: string): number =>
      value === '' ? -1 : sources.findIndex((source) => source[key] === value)
    const source = [by('alias', alias), by('url', url), by('repository', repository), place].find((at) => at >= 0)
    return source !== undefined && source < sources.length ? [{ source, type, ref }] : []
  })

/** Params of a run by what was chosen. */
export const branchesOf = (
  sources: readonly NamedSource[],
  refs: readonly ChosenRef[],
): readonly (readonly [name: string, ref: string])[] =>
  refs.flatMap(({ source, ref }) => {
    const param = sources[source]?.param ?? null
    return param === null ? [] : [[param, ref] as const]
  })

/** Of a run: the refs that its starter has chosen. */
export const REFS = 'codearts-pipeline/refs'
const CHOSEN_MAX = 16_384

/** As a run keeps them; what is too long is kept in its params only. */
export function packedRefs(refs: readonly ChosenRef[]): string | null {
  const text = JSON.stringify(refs.map(({ source, type, ref }) => [source, type, ref]))
  return refs.length === 0 || text.length > CHOSEN_MAX ? null : text
}

export function unpackedRefs(text: string | undefined): readonly ChosenRef[] {
  if (text === undefined) return []
  try {
    const rows = JSON.parse(text) as unknown
    if (!Array.isArray(rows)) return []
    return rows.flatMap((row: unknown): ChosenRef[] => {
      const [source, type, ref] = Array.isArray(row) ? (row as readonly unknown[]) : []
      const isRow = typeof source === 'number' && (type === 'branch' || type === 'tag') && typeof ref === 'string'
      return isRow ? [{ source, type, ref }] : []
    })
  } catch {
    // Annotations are anybody's to write.
    return []
  }
}
