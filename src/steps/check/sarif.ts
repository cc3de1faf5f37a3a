import { posix } from 'node:path'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { SEVERITIES, type Severity } from '../../model/finding.ts'

/**
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as far as findings are in it. Every tool fills in other
 * parts, so what is missing or of a wrong type is passed over; only what is no SARIF at all is refused.
 */
export type SarifRead =
  | { readonly ok: true; readonly tools: readonly string[]; readonly results: readonly SarifResult[] }
  | { readonly ok: false; readonly reason: string }

export interface SarifResult {
  readonly ruleId: string
  readonly severity: Severity
  readonly file: string
  readonly line: number
  readonly message: string
  /** What the tool itself says the result is known by; empty: nothing. */
  readonly partialFingerprint: string
}

/** More results than this in one file are refused rather than counted by halves. */
export const RESULTS_MAX = 300_000
const MESSAGE_MAX = 500
const NAME_MAX = 200
const FILE_MAX = 500

export function readSarif(text: string): SarifRead {
  let log: unknown
  try {
    log = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (error) {
    return refused(`it is not JSON: ${(error as Error).message}`)
  }
  if (!isJsonObject(log) || !Array.isArray(log['runs'])) return refused('it has no runs')
  if (log['version'] !== '2.1.0') return refused(`its version is ${JSON.stringify(log['version'] ?? null)}`)
  const tools: string[] = []
  const results: SarifResult[] = []
  for (const run of log['runs'].filter(isJsonObject)) {
    const driver = objectOf(objectOf(run['tool'])['driver'])
    tools.push(textOf(driver['name']).slice(0, NAME_MAX) || 'unknown')
    const rules = listOf(driver['rules'])
    const artifacts = listOf(run['artifacts'])
    const found = listOf(run['results'])
    if (results.length + found.length > RESULTS_MAX) return refused(`it has more than ${RESULTS_MAX} results`)
    for (const result of found) {
      const read = readResult(result, rules, artifacts)
      if (read !== undefined) results.push(read)
    }
  }
  return { ok: true, tools, results }
}

/** undefined: it is no problem, or one that was dealt with. */
function readResult(
  result: JsonObject,
  rules: readonly JsonObject[],
  artifacts: readonly JsonObject[],
): SarifResult | undefined {
  const { kind, baselineState, level } = result
  // Section 3.27.9: other kinds are no problems. Section 3.27.24: absent is one of an earlier run.
  if (kind !== undefined && kind !== 'fail' && kind !== 'review' && kind !== 'open') return undefined
  if (baselineState === 'absent' || isSuppressed(result)) return undefined
  const rule = ruleOf(result, rules)
  const ruleId = (textOf(result['ruleId']) || textOf(objectOf(result['rule'])['id']) || textOf(rule['id'])).slice(
    0,
    NAME_MAX,
  )
  const place = objectOf(objectOf(listOf(result['locations'])[0])['physicalLocation'])
  const severity = severityOf(textOf(level) || textOf(objectOf(rule['defaultConfiguration'])['level']), result, rule)
  if (severity === undefined) return undefined
  return {
    ruleId: ruleId || 'unknown',
    severity,
    file: fileOf(objectOf(place['artifactLocation']), artifacts),
    line: lineOf(objectOf(place['region'])['startLine']),
    message: messageOf(objectOf(result['message']), rule).slice(0, MESSAGE_MAX),
    partialFingerprint: Object.entries(objectOf(result['partialFingerprints']))
      .map(([name, value]) => `${name}=${textOf(value)}`)
      .toSorted()
      .join('&')
      .slice(0, 1_000),
  }
}

/** Section 3.27.23: suppressed is what has suppressions, none of them only asked for or turned down. */
function isSuppressed(result: JsonObject): boolean {
  const suppressions = listOf(result['suppressions'])
  return suppressions.length > 0 && suppressions.every(({ status }) => status === undefined || status === 'accepted')
}

function ruleOf(result: JsonObject, rules: readonly JsonObject[]): JsonObject {
  const index = result['ruleIndex'] ?? objectOf(result['rule'])['index']
  if (typeof index === 'number' && index >= 0) return rules[index] ?? {}
  const id = textOf(result['ruleId']) || textOf(objectOf(result['rule'])['id'])
  return rules.find((rule) => rule['id'] === id) ?? {}
}

/**
 * Our four of SARIF's three. A tool may say more: `severity` in a property bag in our words, or `security-severity`, a
 * CVSS score as code scanning services read it (from 9.0 critical, from 7.0 high). `none` is no problem.
 */
function severityOf(level: string, result: JsonObject, rule: JsonObject): Severity | undefined {
  for (const bag of [objectOf(result['properties']), objectOf(rule['properties'])]) {
    const said = SEVERITIES.find((severity) => severity === bag['severity'])
    if (said !== undefined) return said
    const score = Number(bag['security-severity'] ?? Number.NaN)
    if (score >= 9) return 'fatal'
    if (score >= 7) return 'serious'
  }
  const byLevel = { error: 'serious', warning: 'normal', note: 'hint', none: undefined } as const
  // Section 3.27.10: without any it is a warning.
  return Object.hasOwn(byLevel, level) ? byLevel[level as keyof typeof byLevel] : 'normal'
}

function fileOf(location: JsonObject, artifacts: readonly JsonObject[]): string {
  const index = location['index']
  const artifact = typeof index === 'number' ? objectOf(artifacts[index]) : {}
  const uri = textOf(location['uri']) || textOf(objectOf(artifact['location'])['uri'])
  let path = uri.startsWith('file://') ? (URL.parse(uri)?.pathname ?? '') : uri
  try {
    path = decodeURIComponent(path)
  } catch {
    // A `%` that escapes nothing: a name that was not encoded.
  }
  const plain = path.replaceAll(/\p{Cc}/gu, '').slice(0, FILE_MAX)
  return plain === '' ? '' : posix.normalize(plain)
}

function messageOf(message: JsonObject, rule: JsonObject): string {
  const own = textOf(message['text']) || textOf(message['markdown'])
  const id = textOf(message['id'])
  const shared = textOf(objectOf(objectOf(rule['messageStrings'])[id])['text'])
  const fallback = textOf(objectOf(rule['shortDescription'])['text']) || textOf(rule['name'])
  const text = own || shared || fallback || 'no message'
  const words: readonly Json[] = Array.isArray(message['arguments']) ? message['arguments'] : []
  // Section 3.11.5: {0}, {1}, ...
  return text.replaceAll(/\{(\d{1,2})\}/g, (written, place: string) => {
    const word = words[Number(place)]
    return typeof word === 'string' ? word : written
  })
}

const refused = (reason: string): SarifRead => ({ ok: false, reason })
const objectOf = (value: Json | undefined): JsonObject => (value !== undefined && isJsonObject(value) ? value : {})
const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter((item): item is JsonObject => isJsonObject(item)) : []
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value.toWellFormed() : '')
const lineOf = (value: Json | undefined): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
