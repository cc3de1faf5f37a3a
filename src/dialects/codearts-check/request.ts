import { SEVERITIES, type Severity } from '../../model/finding.ts'
import { parsePlain } from '../kit/time.ts'
import { readInteger } from '../kit/query.ts'
import { rowsBeforePage } from '../kit/paging.ts'
import { refusal, type PageRequest } from './call.ts'
import type { DefectStatus } from './defect-states.ts'
import { errors } from './errors.ts'
import { JOB_STATUSES, type Job } from './wire.ts'

/**
 * `offset` 0 to 999999 is a page number ("页码，类似page_num的作用"), 0 the first page as 1 is; `limit` is its size, from 1
 * to `max`. Defaults 0 and 10 (the pages of 2023).
 */
export function readPage(query: URLSearchParams, { max = 100, fallback = 10 } = {}): PageRequest {
  const page = integer(query, 'offset', { min: 0, max: 999_999, fallback: 0 })
  const limit = integer(query, 'limit', { min: 1, max, fallback })
  return { skip: rowsBeforePage(page, limit), limit }
}

/**
 * `offset` of findings is a row, from 0: "调用下游服务需要跳过的行数，注意这并不是分页参数" (the page of 2025-11), and clients of the vendor
 * count it up by `limit`. Up to 200 since the pages of 2025-08.
 */
export function readRows(query: URLSearchParams): PageRequest {
  const skip = integer(query, 'offset', { min: 0, max: 999_999, fallback: 0 })
  return { skip, limit: integer(query, 'limit', { min: 1, max: 200, fallback: 10 }) }
}

/** `page` and `page_size`, as the executions of a task have them. */
export function readJobsPage(query: URLSearchParams): PageRequest {
  const page = integer(query, 'page', { min: 1, max: 999_999, fallback: 1 })
  const limit = integer(query, 'page_size', { min: 1, max: 200, fallback: 200 })
  return { skip: rowsBeforePage(page, limit), limit }
}

/** `page_num` and `page_size`, as one newer call has them. */
export function readNumberedPage(query: URLSearchParams): PageRequest {
  const page = integer(query, 'page_num', { min: 1, max: 100, fallback: 1 })
  const limit = integer(query, 'page_size', { min: 1, max: 100, fallback: 10 })
  return { skip: rowsBeforePage(page, limit), limit }
}

function integer(query: URLSearchParams, name: string, range: Parameters<typeof readInteger>[2]): number {
  const read = readInteger(query, name, range)
  if (read.ok) return read.value
  throw refusal(errors.badParameter)
}

/** `severity=0,1`: 0 fatal, 1 serious, 2 normal, 3 hint; none: all. */
export function readSeverities(query: URLSearchParams, name: string): readonly Severity[] {
  const words = listOf(query, name)
  if (words.length === 0) return SEVERITIES
  return words.map((word) => {
    const severity = /^[0-3]$/.test(word) ? SEVERITIES[Number(word)] : undefined
    if (severity === undefined) throw refusal(errors.badParameter)
    return severity
  })
}

/**
 * `status_ids=0,2`. "默认取值: 0": without it, what nobody has dealt with. 3 (opened again) and 4 (to be reviewed) are words of
 * the page of 2025-08 for what no defect is here.
 */
export function readStatuses(query: URLSearchParams): readonly DefectStatus[] {
  const words = wordsOf(query, 'status_ids', /^[0-4]$/)
  return words.length === 0 ? ['0'] : words.filter((word) => word === '0' || word === '1' || word === '2')
}

/** `delay_status=0,1`: 0 official ones, 1 those of a version to come, of which there are none here. */
export function readsOfficial(query: URLSearchParams): boolean {
  const words = wordsOf(query, 'delay_status', /^[01]$/)
  return words.length === 0 || words.includes('0')
}

function wordsOf(query: URLSearchParams, name: string, known: RegExp): readonly string[] {
  const words = listOf(query, name)
  if (words.every((word) => known.test(word))) return words
  throw refusal(errors.badParameter)
}

/** `statuses`, given several times or joined with commas; none: all. */
export function readJobStatuses(query: URLSearchParams): readonly Job['status'][] {
  const words = query
    .getAll('statuses')
    .flatMap((word) => word.split(','))
    .filter((word) => word !== '')
  return words.map((word) => {
    const status = JOB_STATUSES.find((known) => known === word)
    if (status === undefined) throw refusal(errors.badParameter)
    return status
  })
}

/** `yyyy-MM-ddTHH:mm:ssZ`, in UTC. undefined: not given. */
export function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  const at = text.endsWith('Z') ? parsePlain(text.slice(0, -1), 0) : undefined
  if (at === undefined) throw refusal(errors.badParameter)
  return at
}

/** Values joined with commas; none when it is missing or empty. */
export const listOf = (query: URLSearchParams, name: string): readonly string[] =>
  (query.get(name) ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
