import { ARTIFACT_BYTES_MAX, ARTIFACT_NAME, ARTIFACTS_MAX, type Artifact } from '../../model/artifact.ts'
import { FINDINGS_MAX, SEVERITIES } from '../../model/finding.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { ReportKind } from '../../model/report.ts'
import { TEST_CASES_MAX, TEST_STATUSES } from '../../model/test-report.ts'

/** Whether a report that came over the network is what our own code makes: readers take it as it is. */
export const isReport: Readonly<Record<ReportKind, (value: Json) => boolean>> = {
  findings: (value) =>
    isObject(value, ['v', 'tools', 'findings', 'counts', 'metrics', 'files']) &&
    value['v'] === 1 &&
    isList(value['tools'], isText, FINDINGS_MAX) &&
    isList(value['files'], isText, FINDINGS_MAX) &&
    isList(value['findings'], isFinding, FINDINGS_MAX) &&
    isCounts(value['counts'], SEVERITIES) &&
    (value['metrics'] === null || isCounts(value['metrics'], METRICS)),
  artifacts: (value) =>
    isList(value, isArtifact, ARTIFACTS_MAX) &&
    new Set(artifactsOf(value).map(({ name }) => name)).size === value.length,
  tests: (value) =>
    isObject(value, ['v', 'counts', 'durationMs', 'cases', 'files']) &&
    value['v'] === 1 &&
    isCounts(value['counts'], TEST_STATUSES) &&
    isDuration(value['durationMs']) &&
    isList(value['cases'], isTestCase, TEST_CASES_MAX) &&
    isList(value['files'], isText, TEST_CASES_MAX),
}

/** Of a list that {@link isReport} has let through. */
export const artifactsOf = (value: Json): readonly Artifact[] => value as unknown as readonly Artifact[]

const METRICS = [
  'files',
  'folders',
  'lines',
  'codeLines',
  'commentLines',
  'duplicatedFiles',
  'duplicatedLines',
  'duplicatedBlocks',
] as const

const isFinding = (value: Json): boolean =>
  isObject(value, ['fingerprint', 'ruleId', 'severity', 'file', 'line', 'message', 'snippet']) &&
  isHex(value['fingerprint'], 32) &&
  SEVERITIES.some((severity) => severity === value['severity']) &&
  isCount(value['line']) &&
  ['ruleId', 'file', 'message', 'snippet'].every((name) => isText(value[name]))

const isTestCase = (value: Json): boolean =>
  isObject(value, ['name', 'suite', 'file', 'status', 'durationMs', 'message', 'detail']) &&
  TEST_STATUSES.some((status) => status === value['status']) &&
  (value['durationMs'] === null || isDuration(value['durationMs'])) &&
  ['name', 'suite', 'file', 'message', 'detail'].every((name) => isText(value[name]))

const isArtifact = (value: Json): boolean =>
  isObject(value, ['name', 'sizeBytes', 'sha256']) &&
  typeof value['name'] === 'string' &&
  ARTIFACT_NAME.test(value['name']) &&
  isCount(value['sizeBytes']) &&
  Number(value['sizeBytes']) <= ARTIFACT_BYTES_MAX &&
  isHex(value['sha256'], 64)

/** Exactly these fields: what readers would pass on must not hold more. */
const isObject = (value: Json, names: readonly string[]): value is JsonObject =>
  isJsonObject(value) && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name))

const isList = (value: Json | undefined, each: (item: Json) => boolean, max: number): value is readonly Json[] =>
  Array.isArray(value) && value.length <= max && value.every(each)

const isCounts = (value: Json | undefined, names: readonly string[]): boolean =>
  value !== undefined && isObject(value, names) && names.every((name) => isCount(value[name]))

const isHex = (value: Json | undefined, length: number): boolean =>
  typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)

const isText = (value: Json | undefined): boolean => typeof value === 'string'

const isCount = (value: Json | undefined): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const isDuration = (value: Json | undefined): boolean => typeof value === 'number' && value >= 0
