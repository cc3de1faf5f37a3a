import { SEVERITIES, type CodeMetrics, type LintRule, type Severity } from '../../model/finding.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { formatPlain, formatRfc3339 } from '../kit/time.ts'
import { presentTask } from './present.ts'
import { totalOf, type Defect, type Results } from './results.ts'
import { configOf } from './task-config.ts'
import {
  METRIC_NAMES,
  type CheckRecord,
  type DefectInfo,
  type DefectsSummary,
  type LogDetail,
  type LogInfo,
  type MetricName,
  type MetricsSummary,
  type Statistic,
} from './wire.ts'
import { withoutLogin } from './repository.ts'

const UTC = 0

export const levelOf = (severity: Severity): string => String(SEVERITIES.indexOf(severity))

export function presentDefect(defect: Defect, run: RunView, rules: readonly LintRule[]): DefectInfo {
  const { fingerprint, ruleId, severity, file, line, message, snippet, status } = defect
  const rule = rules.find(({ id }) => id === ruleId)
  return {
    defect_id: fingerprint,
    defect_checker_name: ruleId,
    defect_status: status,
    rule_system_tags: rule?.language ?? '',
    rule_name: rule?.name ?? ruleId,
    line_number: String(line),
    defect_content: message,
    defect_level: levelOf(severity),
    file_path: file,
    created_at: formatPlain(run.endedAt ?? run.updatedAt, UTC),
    issue_key: fingerprint,
    // -1 and -1: the line as a whole (the vendor's definition of the model).
    fragment:
      snippet === '' ? [] : [{ line_num: String(line), line_content: snippet, start_offset: -1, end_offset: -1 }],
    events: [],
  }
}

/** Weights of the vendor's risk coefficient, and its quality: risk for every 10,000 lines of code (its user guide). */
const RISK = { fatal: 10, serious: 3, normal: 1, hint: 0.1 } as const satisfies Record<Severity, number>

export function presentSummary(task: PipelineView, results: Results | undefined): DefectsSummary {
  const open = results?.open ?? { fatal: 0, serious: 0, normal: 0, hint: 0 }
  const metrics = results?.found.metrics ?? null
  const risk = round(
    SEVERITIES.reduce((sum, severity) => sum + open[severity] * RISK[severity], 0),
    1,
  )
  const codeLines = metrics?.codeLines ?? null
  return {
    ...presentTask(task),
    code_line_total: metrics?.lines ?? null,
    code_line: codeLines,
    code_quality: codeLines === null || codeLines === 0 ? null : round((risk / codeLines) * 10_000, 1),
    issue_count: totalOf(open),
    risk_coefficient: risk,
    duplication_ratio: ratio(metrics?.duplicatedLines, codeLines),
    complexity_count: null,
    duplicated_lines: metrics?.duplicatedLines ?? null,
    comment_lines: metrics?.commentLines ?? null,
    comment_ratio: ratio(metrics?.commentLines, metrics?.lines),
    duplicated_blocks: metrics?.duplicatedBlocks ?? null,
    last_exec_time: timeOf(results?.run.startedAt),
    check_type: 'source',
    cyclomatic_complexity_per_method: null,
    cyclomatic_complexity_per_file: null,
    critical_count: String(open.fatal),
    major_count: String(open.serious),
    minor_count: String(open.normal),
    suggestion_count: String(open.hint),
    is_access: results === undefined ? null : results.run.status === 'succeeded' ? '1' : '0',
    trigger_type: results?.run.cause.kind ?? null,
    file_duplication_ratio: ratio(metrics?.duplicatedFiles, metrics?.files),
  }
}

export function presentStatistic(results: Results | undefined, withTimes: boolean): Statistic {
  const open = results?.open ?? { fatal: 0, serious: 0, normal: 0, hint: 0 }
  const withStatus = (status: Defect['status']): number =>
    results?.defects.filter((defect) => defect.status === status).length ?? 0
  const { run } = results ?? {}
  return {
    severity: { critical: open.fatal, major: open.serious, minor: open.normal, suggestion: open.hint },
    status: { unresolved: totalOf(open), resolved: withStatus('1'), dismissed: withStatus('2') },
    ...(withTimes
      ? { last_check_time: instantOf(run?.startedAt ?? null), last_check_finish_time: instantOf(run?.endedAt ?? null) }
      : {}),
  }
}

/** What the checks of one run have said at their end: outputs, which every run keeps. */
export function presentRecord(run: RunView): CheckRecord {
  const checks = tasksOf(run).filter(({ work }) => work.kind === 'runner' && work.uses === 'check')
  const count = (severity: Severity): number =>
    checks.reduce((sum, { outputs }) => sum + (Number(outputs[severity]) || 0), 0)
  return {
    check_time: instantOf(run.startedAt ?? run.createdAt) ?? '',
    check_end_time: instantOf(run.endedAt),
    issue_counts: {
      critical: count('fatal'),
      serious: count('serious'),
      normal: count('normal'),
      prompt: count('hint'),
    },
  }
}

export function presentMetrics(task: PipelineView, results: Results | undefined): MetricsSummary {
  const metrics = results?.found.metrics ?? null
  const measured = metrics === null ? {} : measuredOf(metrics)
  return {
    ...presentTask(task),
    last_exec_time: timeOf(results?.run.startedAt),
    check_type: 'source',
    // null: not measured. The SDKs read that as "none".
    metric_info: Object.fromEntries(METRIC_NAMES.map((name) => [name, measured[name] ?? null])) as Record<
      MetricName,
      string | null
    >,
  }
}

function measuredOf(metrics: CodeMetrics): Partial<Record<MetricName, string>> {
  const { files, folders, lines, codeLines, duplicatedFiles, duplicatedLines } = metrics
  const fixed = (value: number): string => value.toFixed(2)
  const percent = (part: number, whole: number): string => fixed(whole === 0 ? 0 : (part / whole) * 100)
  return {
    code_size: fixed(codeLines),
    raw_lines: fixed(lines),
    files_total: fixed(files),
    folders_total: fixed(folders),
    lines_per_file: fixed(files === 0 ? 0 : lines / files),
    file_duplication_total: fixed(duplicatedFiles),
    file_duplication_ratio: percent(duplicatedFiles, files),
    code_duplication_total: fixed(duplicatedLines),
    code_duplication_ratio: percent(duplicatedLines, codeLines),
  }
}

/** `logs`: the text of each task that has one. */
export function presentLogs(
  task: PipelineView,
  run: RunView | null,
  logs: readonly { readonly task: TaskView; readonly text: string }[],
): LogDetail {
  const config = configOf(task)
  const { git_url, git_branch } = presentTask(task)
  const given = (name: string, otherwise: string): string => {
    const value = run?.params.find((param) => param.name === name)?.value
    return typeof value === 'string' ? withoutLogin(value) : otherwise
  }
  return {
    param_info: {
      url: given('git_url', git_url),
      branch: given('git_branch', git_branch),
      language: config?.languages.join(',') ?? '',
      exclude_dir: config?.exclude.join(',') ?? '',
      encode: 'UTF-8',
      compile_config: '',
      rule_template: config?.ruleSets.map(({ rulesetId }) => rulesetId).join(',') ?? '',
    },
    log_info: logs.map(({ task: { name, failure }, text }): LogInfo => ({
      display_name: name,
      log: text,
      level: failure === null ? 'info' : 'error',
      analysis: '',
      faq: '',
    })),
  }
}

export const tasksOf = (run: RunView): readonly TaskView[] => run.stages.flatMap((stage) => stage.tasks)

/** `2020-02-10T11:38:46Z`, as the record's page has it. */
const instantOf = (at: number | null): string | null =>
  at === null ? null : formatRfc3339(at, UTC).replace(/\.\d+Z$/, 'Z')
const timeOf = (at: number | null | undefined): string | null =>
  at === null || at === undefined ? null : formatPlain(at, UTC)
const round = (value: number, digits: number): number => Number(value.toFixed(digits))
const ratio = (part: number | null | undefined, whole: number | null | undefined): string | null =>
  part === null || part === undefined || whole === null || whole === undefined
    ? null
    : `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`
