import type { LintRule } from '../../model/finding.ts'
import type { ProjectView } from '../../model/view.ts'
import { formatPlain } from '../kit/time.ts'
import * as bodies from './body.ts'
import {
  need,
  pageOf,
  pipelinesOf,
  projectOf,
  refusal,
  refusalOf,
  taskOf,
  type Call,
  type PageRequest,
} from './call.ts'
import { changeTask } from './change-task.ts'
import { errors } from './errors.ts'
import { levelOf } from './present-results.ts'
import { listOf, readPage, readSeverities } from './request.ts'
import {
  addRuleSet,
  appliesTo,
  defaultsOf,
  languageOf,
  removeRuleSet,
  ruleSet,
  ruleSetsOf,
  setDefault,
  systemId,
  type RuleSet,
} from './rulesets.ts'
import { configOf } from './task-config.ts'
import type { Flag, InfoList, RuleItem, RuleListItem, RuleSetItem, TaskRuleSet } from './wire.ts'

const UTC = 0
const flag = (is: boolean): Flag => (is ? '1' : '0')

/** `rule_languages=js,java`: a rule for every text is a rule of each. */
const forLanguages = (rules: readonly LintRule[], languages: readonly string[]): readonly LintRule[] =>
  languages.length === 0
    ? rules
    : rules.filter((rule) => languages.some((language) => appliesTo(rule, languageOf(language))))

export function listRules(call: Call): Promise<Response> {
  const { app, query } = call
  const page = readPage(query, { max: 1_000, fallback: 100 })
  const severities = readSeverities(query, 'rule_severity')
  const rules = forLanguages(app.findings.rules(), listOf(query, 'rule_languages')).filter(({ severity }) =>
    severities.includes(severity),
  )
  const info = pageOf(rules, page).map((rule): RuleListItem => ({
    rule_set: 'millrace-lint',
    rule_id: rule.id,
    rule_language: rule.language,
    rule_name: rule.name,
    rule_severity: levelOf(rule.severity),
    rule_tages: rule.language,
    right_example: rule.good,
    error_example: rule.bad,
    revise_opinion: rule.advice,
    rule_desc: rule.description,
  }))
  return Promise.resolve(Response.json({ info, total: rules.length } satisfies InfoList<RuleListItem>))
}

/** `category`: 0 the system's, 1 one's own, 2 other people's; joined with commas, or all. */
export const listRuleSets = async (call: Call): Promise<Response> =>
  ruleSetList(call, readPage(call.query, { max: 1_000, fallback: 100 }))

/** The same in shorter pages. */
export const listRuleSetsV3 = async (call: Call): Promise<Response> =>
  ruleSetList(call, readPage(call.query, { max: 50, fallback: 10 }))

async function ruleSetList(call: Call, page: PageRequest): Promise<Response> {
  const { caller, query } = call
  const categories = listOf(query, 'category')
  if (categories.some((one) => !/^[012]$/.test(one))) throw refusal(errors.badParameter)
  const project = await projectOf(call)
  const categoryOf = (set: RuleSet): string => (set.system ? '0' : set.creator.id === caller.user.id ? '1' : '2')
  const sets = (await ruleSetsOf(call, project)).filter(
    (set) => categories.length === 0 || categories.includes(categoryOf(set)),
  )
  const asksForUse = query.get('need_selected_status') !== 'false'
  const used = asksForUse ? await usedIn(call, project) : new Set<string>()
  const defaults = await defaultsOf(call, project)
  const info = pageOf(sets, page).map((set): RuleSetItem => {
    const chosen = defaults.get(set.language) ?? systemId(set.language)
    return {
      template_id: set.id,
      language: set.language,
      template_name: set.name,
      creator_id: set.creator.id,
      creator_name: set.creator.name,
      template_create_time: set.createdAt === null ? null : formatPlain(set.createdAt, UTC),
      is_used: flag(used.has(set.id)),
      rule_ids: set.rules.join(','),
      is_default: flag(set.system),
      is_devcloud_project_default: flag(chosen === set.id),
      is_default_template: flag(set.system),
    }
  })
  return Response.json({ info, total: sets.length } satisfies InfoList<RuleSetItem>)
}

async function usedIn(call: Call, project: ProjectView): Promise<ReadonlySet<string>> {
  const tasks = await pipelinesOf(call, project)
  return new Set(tasks.flatMap((task) => configOf(task)?.ruleSets.map(({ rulesetId }) => rulesetId) ?? []))
}

/** `is_default` 1: made of another set, with rules added and taken away. */
export async function createRuleSet(call: Call): Promise<Response> {
  const { app, caller } = call
  const body = bodies.readJson(call, bodies.ruleset)
  const project = need(await app.projects.get(caller, { id: body.project_id }), errors.noProject)
  const [added, taken] = [idsOf(call, body.rule_ids), idsOf(call, body.uncheck_ids)]
  if (body.is_default === '1' && body.template_id === '') {
    // Made of nothing it would check nothing, and nobody would see why.
    throw refusal(errors.badParameter, 'template_id: expected the rule set that it is made of, as is_default is 1')
  }
  const base = body.is_default === '1' ? await ruleSet(call, project, body.template_id) : null
  if (base !== null && base.language !== body.language) {
    throw refusal(errors.badParameter, `rule set ${base.id} is for ${base.language}`)
  }
  const rules = [...new Set([...(base?.rules ?? []), ...added])].filter((id) => !taken.includes(id))
  const others = await ruleSetsOf(call, project)
  if (others.some(({ name, language }) => name === body.template_name && language === body.language)) {
    throw refusal(errors.createFailed, `there is a rule set ${body.template_name} for ${body.language} already`)
  }
  const id = app.freshId()
  await addRuleSet(call, project, {
    id,
    name: body.template_name,
    language: body.language,
    rules,
    system: false,
    creator: caller.user,
    createdAt: app.now(),
  })
  return Response.json({ template_id: id })
}

function idsOf({ app }: Call, text: string): readonly string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  const unknown = ids.find((id) => !app.findings.rules().some((rule) => rule.id === id))
  if (unknown !== undefined) throw refusal(errors.badParameter, `there is no rule ${unknown.slice(0, 64)}`)
  return ids
}

/** "正在使用中的或默认规则集不能删除": what is in use, or a default, stays. */
export async function deleteRuleSet(call: Call): Promise<Response> {
  const project = await projectOf(call)
  const set = await ruleSet(call, project, call.param('ruleset'))
  const isDefault = (await defaultsOf(call, project)).get(set.language) === set.id
  if (set.system || isDefault) throw refusal(errors.notAllowed, `rule set ${set.name} is a default`)
  if ((await usedIn(call, project)).has(set.id)) throw refusal(errors.notAllowed, `rule set ${set.name} is in use`)
  await removeRuleSet(call, project, set.id)
  return Response.json({})
}

export async function setDefaultRuleSet(call: Call): Promise<Response> {
  const project = await projectOf(call)
  const language = languageOf(call.param('language'))
  const set = await ruleSet(call, project, call.param('ruleset'))
  if (set.language !== language) throw refusal(errors.badParameter, `rule set ${set.id} is for ${set.language}`)
  await setDefault(call, project, language, set.id)
  return Response.json({})
}

/** `types`: 1 all rules of the language, 2 those that are on, 3 those that are not. */
export async function ruleSetRules(call: Call): Promise<Response> {
  const { app, query } = call
  const page = readPage(query, { max: 1_000, fallback: 100 })
  const types = query.get('types') || '1'
  if (!/^[123]$/.test(types)) throw refusal(errors.badParameter)
  const project = await projectOf(call)
  const set = await ruleSet(call, project, call.param('ruleset'))
  const tags = listOf(query, 'tags')
  const rules = forLanguages(app.findings.rules(), [...listOf(query, 'languages')])
    .filter((rule) => appliesTo(rule, set.language))
    .filter((rule) => types === '1' || set.rules.includes(rule.id) === (types === '2'))
    .filter((rule) => tags.length === 0 || tags.includes(rule.language))
  const info = pageOf(rules, page).map((rule): RuleItem => ({
    rule_id: rule.id,
    rule_language: set.language,
    rule_name: rule.name,
    rule_severity: levelOf(rule.severity),
    rule_tages: rule.language,
    checked: flag(set.rules.includes(rule.id)),
    rule_config_list: [],
  }))
  return Response.json({ info, total: rules.length } satisfies InfoList<RuleItem>)
}

/** For each language of the task the sets there are, and which of them is chosen. */
async function taskRuleSets(call: Call): Promise<readonly TaskRuleSet[]> {
  const task = await taskOf(call)
  const config = configOf(task)
  const sets = await ruleSetsOf(call, task.project)
  const languages = config?.languages ?? []
  const known = sets.filter(({ language }) => languages.includes(language))
  return known.map(({ id, language, name, system }) => ({
    template_id: id,
    language,
    template_name: name,
    type: config?.ruleSets.some((use) => use.rulesetId === id) === true ? 'selected' : 'optional',
    status: flag(system),
  }))
}

/** A bare array. */
export const taskRuleSetsV2 = async (call: Call): Promise<Response> => Response.json(await taskRuleSets(call))

export async function taskRuleSetsV3(call: Call): Promise<Response> {
  const page = readPage(call.query, { max: 1_000, fallback: 10 })
  const all = await taskRuleSets(call)
  const info = pageOf(all, page)
  // `info` in the SDKs, `data` in the documents of 2025.
  return Response.json({ info, data: info, total: all.length } satisfies InfoList<TaskRuleSet> & { data: unknown })
}

/** For each language the set that is used from now on; `if_use` 0: none, the language is not checked. */
export async function updateTaskRuleSets(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const body = bodies.readJson(call, bodies.taskRulesets)
  const sets = await ruleSetsOf(call, task.project)
  const changed = await changeTask(call, task, (config) => {
    const uses = new Map(config.ruleSets.map((use) => [use.language, use.rulesetId]))
    for (const { language, rule_set_id: id, if_use: use } of body) {
      const set = sets.find((one) => one.id === id)
      if (set?.language !== language) throw refusal(errors.badParameter, `there is no rule set ${id} for ${language}`)
      if (use === '1') uses.set(language, id)
      else if (uses.get(language) === id) uses.delete(language)
    }
    const ruleSets = [...uses].map(([language, rulesetId]) => ({ language, rulesetId }))
    if (ruleSets.length === 0) throw refusal(errors.badParameter, 'a task needs a rule set for one language at least')
    const rules = [...new Set(ruleSets.flatMap((use) => sets.find(({ id }) => id === use.rulesetId)?.rules ?? []))]
    return { ...config, languages: [...uses.keys()], ruleSets, rules }
  })
  if (!changed.ok) throw refusalOf(changed.problem, errors.noTask)
  return Response.json({})
}
