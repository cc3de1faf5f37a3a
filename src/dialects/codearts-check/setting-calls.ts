import { SEVERITIES } from '../../model/finding.ts'
import * as bodies from './body.ts'
import { pageOf, refusal, refusalOf, taskOf, type Call } from './call.ts'
import { changeTask } from './change-task.ts'
import { errors } from './errors.ts'
import { readPage } from './request.ts'
import { languageOf, ruleSet } from './rulesets.ts'
import { configOf, type TaskConfig } from './task-config.ts'
import type { AdvancedSetting, CheckParameters, InfoList } from './wire.ts'

/** The one checker there is, and its one parameter. */
const CHECKER_ID = 1
const THRESHOLD = 'fail_on'
const THRESHOLDS = ['none', ...SEVERITIES] as const

const parametersOf = (config: TaskConfig | undefined): readonly CheckParameters[] => [
  {
    check_id: CHECKER_ID,
    name: 'millrace-lint',
    checker_configs: [
      {
        name: '门禁级别',
        cfg_key: THRESHOLD,
        default_value: 'none',
        option_value: THRESHOLDS.join(','),
        is_required: 0,
        description: '检查出该级别或更严重的问题时，任务检查失败',
        type: 2,
        status: config === undefined || config.failOn === 'none' ? 'off' : 'on',
        value: config?.failOn ?? 'none',
      },
    ],
  },
]

async function parameters(call: Call): Promise<readonly CheckParameters[]> {
  const task = await taskOf(call)
  const set = await ruleSet(call, task.project, call.param('ruleset'))
  const language = languageOf(call.query.get('language') ?? '')
  if (language !== '' && language !== set.language) throw refusal(errors.badParameter)
  return parametersOf(configOf(task))
}

/** A bare array. */
export const checkParametersV2 = async (call: Call): Promise<Response> => Response.json(await parameters(call))

export async function checkParametersV3(call: Call): Promise<Response> {
  const page = readPage(call.query, { max: 1_000, fallback: 10 })
  const data = await parameters(call)
  return Response.json({ data: pageOf(data, page), total: data.length })
}

export async function setParameters(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const body = bodies.readJson(call, bodies.parameters)
  const set = await ruleSet(call, task.project, body.ruleset_id)
  if (set.language !== body.language) throw refusal(errors.badParameter, `rule set ${set.id} is for ${set.language}`)
  // "This parameter is deprecated. You can set it to 0" (the page of 2025-08).
  if (body.check_id !== CHECKER_ID && body.check_id !== 0) {
    throw refusal(errors.badParameter, `there is no checker ${body.check_id}`)
  }
  return changed(call, (config) => {
    let { failOn } = config
    for (const { cfg_key: key, status, cfg_value: value } of body.task_check_settings) {
      if (key !== THRESHOLD) throw refusal(errors.badParameter, `there is no parameter ${key}`)
      const threshold = THRESHOLDS.find((one) => one === value)
      if (status === 'on' && threshold === undefined) {
        throw refusal(errors.badParameter, `${THRESHOLD}: expected one of ${THRESHOLDS.join(', ')}`)
      }
      failOn = status === 'on' ? (threshold ?? 'none') : 'none'
    }
    return { ...config, failOn: body.status === 'on' ? failOn : 'none' }
  })
}

const TIMEOUT = 'timeout_minutes'
const LABELS = 'runner_labels'
const MINUTES_MAX = 24 * 60
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const settingsOf = (config: TaskConfig | undefined): readonly AdvancedSetting[] => [
  {
    key: TIMEOUT,
    value: config?.timeoutMinutes === null || config === undefined ? '' : String(config.timeoutMinutes),
    option_value: `1-${MINUTES_MAX}`,
    description: '检查任务的超时时间（分钟），为空表示不限',
  },
  {
    key: LABELS,
    value: config?.labels.join(',') ?? '',
    option_value: '',
    description: '执行机须具备的标签，多个以逗号分隔',
  },
]

export async function showSettings(call: Call): Promise<Response> {
  const page = readPage(call.query)
  const all = settingsOf(configOf(await taskOf(call)))
  return Response.json({ info: pageOf(all, page), total: all.length } satisfies InfoList<AdvancedSetting>)
}

export async function updateSettings(call: Call): Promise<Response> {
  const body = bodies.readJson(call, bodies.settings)
  return changed(call, (config) =>
    body.task_advanced_settings.reduce((before, { key, value }) => withSetting(before, key, value.trim()), config),
  )
}

function withSetting(config: TaskConfig, key: string, value: string): TaskConfig {
  if (key === TIMEOUT) {
    const minutes = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN
    if (value !== '' && !(minutes >= 1 && minutes <= MINUTES_MAX)) {
      throw refusal(errors.badParameter, `${TIMEOUT}: expected minutes from 1 to ${MINUTES_MAX}`)
    }
    return { ...config, timeoutMinutes: value === '' ? null : minutes }
  }
  if (key === LABELS) {
    const labels = value === '' ? [] : value.split(',').map((label) => label.trim())
    if (labels.length > 20 || labels.some((label) => !LABEL.test(label))) {
      throw refusal(errors.badParameter, `${LABELS}: expected at most 20 labels joined with commas`)
    }
    return { ...config, labels: [...new Set(labels)] }
  }
  throw refusal(errors.badParameter, `there is no setting ${key}: expected ${TIMEOUT} or ${LABELS}`)
}

const IGNORED_MAX = 200

/** `all` ignores a path, `unchecked` takes that back; `half` is what a directory shows and cannot be set. */
export async function ignorePaths(call: Call): Promise<Response> {
  const body = bodies.readJson(call, bodies.ignorePaths)
  return changed(call, (config) => {
    const exclude = new Set(config.exclude)
    for (const { file_path: given, checkbox_status: status } of body.ignore_path_settings) {
      const path = given.replace(/^(?:\.?\/)+|(?<!\/)\/+$/g, '')
      if (path === '' || path.includes('${{') || path.split('/').includes('..')) {
        throw refusal(errors.badParameter, 'file_path: expected a path in the repository')
      }
      if (status === 'all') exclude.add(path)
      if (status === 'unchecked') exclude.delete(path)
    }
    if (exclude.size > IGNORED_MAX) throw refusal(errors.badParameter, `at most ${IGNORED_MAX} paths can be ignored`)
    return { ...config, exclude: [...exclude] }
  })
}

async function changed(call: Call, change: (config: TaskConfig) => TaskConfig): Promise<Response> {
  const done = await changeTask(call, await taskOf(call), change)
  if (!done.ok) throw refusalOf(done.problem, errors.noTask)
  return Response.json({})
}
