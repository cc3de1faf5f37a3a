import { createHash } from 'node:crypto'
import type { LintRule } from '../../model/finding.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'
import { need, refusal, type Call } from './call.ts'
import { errors } from './errors.ts'

/** A set of rules for one language: the system's, which has all of them, or one that people have made. */
export interface RuleSet {
  readonly id: string
  readonly name: string
  readonly language: string
  readonly rules: readonly string[]
  readonly system: boolean
  readonly creator: { readonly id: string; readonly name: string }
  /** null: was there always. */
  readonly createdAt: number | null
}

const KIND = 'codearts-check/ruleset'
const DEFAULT_KIND = 'codearts-check/default-ruleset'
/** The vendor has no list of more in its pages. */
const RULESETS_MAX = 1_000

/** The ten that the SDK names, and what newer documents add. */
export const LANGUAGES: readonly string[] = [
  ...'cpp java js python php css html go typescript csharp'.split(' '),
  ...'arkts cangjie kotlin lua rust scala shell sql terraform'.split(' '),
]

/** The newer documents write languages in full and in capitals: `JAVASCRIPT`, `C++`. */
const IN_FULL: Readonly<Record<string, string>> = { javascript: 'js', 'c++': 'cpp', 'c#': 'csharp' }
export function languageOf(text: string): string {
  const lower = text.trim().toLowerCase()
  return Object.hasOwn(IN_FULL, lower) ? (IN_FULL[lower] ?? lower) : lower
}

/** Files of configuration belong to every language; JavaScript's syntax to its own. */
export const appliesTo = (rule: LintRule, language: string): boolean =>
  rule.language !== 'javascript' || language === 'js' || language === 'typescript'

/** Made of its language, so that it has the same id everywhere. */
export const systemId = (language: string): string =>
  createHash('sha256').update(`millrace/codearts-check/ruleset/${language}`).digest('hex').slice(0, 32)

export const systemRuleSet = ({ app }: Pick<Call, 'app'>, language: string): RuleSet => ({
  id: systemId(language),
  name: '系统默认规则集',
  language,
  rules: app.findings
    .rules()
    .filter((rule) => appliesTo(rule, language))
    .map(({ id }) => id),
  system: true,
  creator: { id: '', name: '' },
  createdAt: null,
})

/** Those of the system first, then those that people have made, in order of their ids. */
export async function ruleSetsOf(call: Call, project: ProjectView): Promise<readonly RuleSet[]> {
  const { app, caller } = call
  const listed = need(
    await app.documents.list(caller, { project: { id: project.id }, kind: KIND, limit: RULESETS_MAX }),
    errors.noProject,
  )
  const own = listed.items.map(({ key, value }) => ruleSetOf(key, value))
  // Languages that only a set of somebody's own has.
  const languages = new Set<string>([...LANGUAGES, ...own.map(({ language }) => language)])
  return [...[...languages].map((language) => systemRuleSet(call, language)), ...own]
}

export async function ruleSet(call: Call, project: ProjectView, id: string): Promise<RuleSet> {
  const found = (await ruleSetsOf(call, project)).find((set) => set.id === id)
  if (found === undefined) throw refusal(errors.badParameter, `there is no rule set ${id.slice(0, 64)}`)
  return found
}

/** For tasks that name none: what was chosen for the project, or the system's. */
export async function defaultRuleSet(call: Call, project: ProjectView, language: string): Promise<RuleSet> {
  const chosen = (await defaultsOf(call, project)).get(language)
  const sets = await ruleSetsOf(call, project)
  return sets.find(({ id }) => id === chosen) ?? systemRuleSet(call, language)
}

/** Ids by language. */
export async function defaultsOf({ app, caller }: Call, project: ProjectView): Promise<ReadonlyMap<string, string>> {
  const listed = await app.documents.list(caller, { project: { id: project.id }, kind: DEFAULT_KIND, limit: 100 })
  return new Map(need(listed, errors.noProject).items.map(({ key, value }) => [key, textOf(objectOf(value)['id'])]))
}

export async function setDefault(call: Call, project: ProjectView, language: string, id: string): Promise<void> {
  const { app, caller } = call
  const ref = { project: { id: project.id }, kind: DEFAULT_KIND, key: language }
  need(await app.documents.put(caller, { ...ref, value: { id } }), errors.noProject)
}

export async function addRuleSet(call: Call, project: ProjectView, set: RuleSet): Promise<void> {
  const { app, caller } = call
  const value = {
    name: set.name,
    language: set.language,
    rules: set.rules,
    creatorId: set.creator.id,
    creatorName: set.creator.name,
    createdAt: set.createdAt,
  }
  const ref = { project: { id: project.id }, kind: KIND, key: set.id }
  need(await app.documents.put(caller, { ...ref, value, expectedRevision: 0 }), errors.noProject)
}

export async function removeRuleSet({ app, caller }: Call, project: ProjectView, id: string): Promise<void> {
  need(await app.documents.remove(caller, { project: { id: project.id }, kind: KIND, key: id }), errors.badParameter)
}

function ruleSetOf(id: string, value: Json): RuleSet {
  const { name, language, rules, creatorId, creatorName, createdAt } = objectOf(value)
  return {
    id,
    name: textOf(name),
    language: textOf(language),
    rules: Array.isArray(rules) ? rules.filter((rule): rule is string => typeof rule === 'string') : [],
    system: false,
    creator: { id: textOf(creatorId), name: textOf(creatorName) },
    createdAt: typeof createdAt === 'number' ? createdAt : null,
  }
}

const objectOf = (value: Json): JsonObject => (isJsonObject(value) ? value : {})
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
