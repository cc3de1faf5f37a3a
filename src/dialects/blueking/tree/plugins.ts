import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { PluginWork } from './plugin-work.ts'
import { contentOf, readScript } from './script.ts'
import type { ServiceActivity } from './web-tree.ts'

export interface PluginField {
  readonly key: string
  readonly name: string
  readonly type: 'string' | 'int' | 'bool' | 'object' | 'list'
  readonly required?: boolean
}

export interface Plugin {
  readonly code: string
  readonly name: string
  readonly group: string
  readonly desc: string
  /** All behave alike; the first is taken when a node names none. */
  readonly versions: readonly string[]
  readonly inputs: readonly PluginField[]
  readonly outputs: readonly PluginField[]
  /** What our step makes and the plugin does not. */
  readonly unseen?: readonly string[]
  /** Fields that say what work it is, and not what that is given. */
  readonly shaping?: readonly string[]
  work(node: Pick<ServiceActivity, 'data'>, around: PluginAround): PluginWork
  /** Its fields again, of the `with` that a retry gave a node; left out: they cannot be told from it. */
  fields?(given: JsonObject): JsonObject
}

export interface PluginAround {
  /** Constants that its texts may name. */
  readonly names: ReadonlySet<string>
  /** Minutes east of UTC of dates. */
  readonly zoneOffsetMinutes: number
  /** Only `with` of the work is taken, as a retry gives nothing else. */
  readonly inline?: true
}

const text = (node: Pick<ServiceActivity, 'data'>, field: string): string => {
  const value = node.data.get(field)
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
const isTemplate = (value: string): boolean => value.includes('${')
const refuse = (message: string): PluginWork => ({ ok: false, message })
const field = (key: string, name: string, type: PluginField['type'] = 'string', required = true): PluginField => ({
  key,
  name,
  type,
  required,
})

const sleepTimer: Plugin = {
  code: 'sleep_timer',
  name: 'Timing',
  group: 'BlueKing(BK)',
  desc: 'Waits for some seconds, or until a date',
  versions: ['legacy', 'v1.0'],
  inputs: [
    field('bk_timing', 'Seconds, or a date'),
    field('force_check', 'Whether a date must be to come', 'bool', false),
  ],
  outputs: [],
  fields: ({ duration }) => (typeof duration === 'string' ? { bk_timing: duration.replace(/^(\d+)s$/, '$1') } : {}),
  work(node, { zoneOffsetMinutes }) {
    const timing = text(node, 'bk_timing').trim()
    if (isTemplate(timing)) return { ok: true, uses: 'sleep', with: { duration: timing } }
    if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(timing)) {
      return { ok: true, uses: 'sleep', with: { duration: `${timing}${offsetText(zoneOffsetMinutes)}` } }
    }
    // As there, what is neither fails the node when it begins, and a retry may give another.
    if (!/^\d{1,8}$/.test(timing)) return { ok: true, uses: 'sleep', with: { duration: `'${timing}'\${''}` } }
    // Nothing of ours sleeps for no time at all.
    return { ok: true, uses: 'sleep', with: { duration: Number(timing) === 0 ? '1ms' : `${Number(timing)}s` } }
  },
}

function offsetText(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

const pauseNode: Plugin = {
  code: 'pause_node',
  name: 'Pause',
  group: 'BlueKing(BK)',
  desc: 'Waits for a callback',
  versions: ['legacy', 'v1.0'],
  inputs: [field('description', 'Description', 'string', false)],
  outputs: [field('callback_data', 'What the callback said', 'object')],
  work: () => ({ ok: true, uses: 'callback', with: {} }),
}

const display: Plugin = {
  code: 'bk_display',
  name: 'Message',
  group: 'BlueKing(BK)',
  desc: 'Shows a text',
  versions: ['1.0', 'v1.0'],
  inputs: [field('bk_display_message', 'Text')],
  outputs: [],
  work: () => ({ ok: true, uses: 'noop', with: {} }),
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']
const HTTP_TIMEOUT_MAX_SECONDS = 60

const httpRequest: Plugin = {
  code: 'bk_http_request',
  name: 'HTTP request',
  group: 'BlueKing(BK)',
  desc: 'Asks a URL; fails unless the answer is 2xx and JSON, and the expression is true',
  versions: ['legacy', 'v1.0'],
  inputs: [
    field('bk_http_request_method', 'Method'),
    field('bk_http_request_url', 'URL'),
    field('bk_http_request_body', 'Body', 'string', false),
    field('bk_http_request_header', 'Headers', 'list', false),
    field('bk_http_timeout', 'Timeout in seconds', 'int', false),
    field('bk_http_success_exp', 'When it has succeeded', 'string', false),
  ],
  outputs: [field('data', 'Answer', 'object'), field('status_code', 'Status', 'int')],
  unseen: ['status'],
  shaping: ['bk_http_request_method', 'bk_http_request_header', 'bk_http_timeout'],
  fields: ({ method = 'GET', url = '', body = '', success = '' }) => ({
    bk_http_request_method: method,
    bk_http_request_url: url,
    bk_http_request_body: body,
    bk_http_success_exp: success,
  }),
  work(node) {
    const method = text(node, 'bk_http_request_method').trim().toUpperCase() || 'GET'
    if (!METHODS.includes(method)) return refuse(`bk_http_request_method must be one of ${METHODS.join(', ')}`)
    // As there, none at all is as long as can be.
    const seconds = Number(text(node, 'bk_http_timeout')) || HTTP_TIMEOUT_MAX_SECONDS
    if (!(Math.abs(seconds) >= 1)) return refuse('bk_http_timeout must be a number of seconds from 1 to 60')
    const body = text(node, 'bk_http_request_body')
    const success = text(node, 'bk_http_success_exp').trim()
    const sends = method !== 'GET' && method !== 'HEAD' && body !== ''
    const headers = readHeaders(node.data.get('bk_http_request_header') ?? null)
    if (headers === undefined) return refuse('bk_http_request_header must be a list of objects with name and value')
    const given = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
    return {
      ok: true,
      uses: 'http',
      with: {
        method,
        url: text(node, 'bk_http_request_url').trim(),
        timeout: `${Math.min(Math.trunc(Math.abs(seconds)), HTTP_TIMEOUT_MAX_SECONDS)}s`,
        json: true,
        headers: { ...(sends && !given ? { 'Content-Type': 'application/json' } : {}), ...headers },
        ...(sends ? { body } : {}),
        ...(success === '' ? {} : { success }),
      },
    }
  },
}

function readHeaders(value: Json): Record<string, string> | undefined {
  if (value === null || value === '') return {}
  if (!Array.isArray(value)) return undefined
  const headers: [string, string][] = []
  for (const row of value as readonly Json[]) {
    const [name, content] = isJsonObject(row) ? [row['name'], row['value']] : []
    if (typeof name !== 'string' || typeof content !== 'string') return undefined
    if (name.trim() !== '') headers.push([name.trim(), content])
  }
  return Object.fromEntries(headers)
}

/** Its ticket is another system's there; here there is none. */
const DECIDED = { approved: { sn: '', approve_result: '通过' }, rejected: { sn: '', approve_result: '拒绝' } }

const approve: Plugin = {
  code: 'bk_approve',
  name: 'Approval',
  group: 'BlueKing(BK)',
  desc: 'Waits until one of the verifiers says yes or no',
  versions: ['v1.0'],
  inputs: [
    field('bk_verifier', 'Verifiers, joined with commas'),
    field('bk_approve_title', 'Title'),
    field('bk_approve_content', 'Content'),
    field('rejected_block', 'Whether a no fails the node', 'bool', false),
  ],
  outputs: [field('sn', 'Ticket'), field('approve_result', 'Result')],
  shaping: ['bk_verifier', 'rejected_block'],
  work(node) {
    const verifiers = text(node, 'bk_verifier')
    const names = isTemplate(verifiers) ? [] : [...new Set(verifiers.split(/[,;\s]+/).filter((name) => name !== ''))]
    const content = text(node, 'bk_approve_content') || text(node, 'bk_approve_message')
    const question = [text(node, 'bk_approve_title'), content].filter((part) => part !== '').join('\n')
    return {
      ok: true,
      uses: 'approval',
      with: {
        reviewers: names,
        required: 1,
        question,
        ...(node.data.get('rejected_block') === false ? { on_reject: 'pass' } : {}),
        outputs: DECIDED,
      },
    }
  },
}

const SCRIPT_FIELDS = ['job_script_type', 'job_content', 'job_script_timeout']
/** What a field was called in the first trees of all, such as that in the document of get_template_info. */
const firstName = (field: string): string => field.replace(/^job_/, '')
const fieldOf = (node: Pick<ServiceActivity, 'data'>, field: string): string =>
  node.data.has(field) ? field : firstName(field)

const script: Plugin = {
  code: 'job_fast_execute_script',
  name: 'Execute script',
  group: 'JOB',
  desc: 'Runs a script on a runner of this server: the list of IPs has no meaning here',
  versions: ['legacy', 'v1.0', 'v1.1', 'v1.2', 'v2.0', 'v2.1'],
  inputs: [
    field('job_script_source', 'Where the script is from'),
    field('job_script_type', 'Language: 1 shell, 3 Perl, 4 Python'),
    field('job_content', 'Script'),
    field('job_script_param', 'Arguments', 'string', false),
    field('job_script_timeout', 'Timeout in seconds', 'int', false),
    field('job_ip_list', 'IPs', 'string', false),
    field('job_account', 'Account', 'string', false),
  ],
  outputs: [
    field('job_inst_id', 'Job', 'int'),
    field('job_inst_url', 'Its page'),
    field('log_outputs', 'What its log gave', 'object'),
  ],
  shaping: ['job_script_source', ...SCRIPT_FIELDS, ...SCRIPT_FIELDS.map(firstName)],
  fields: ({ script: text }) => (typeof text === 'string' ? { job_content: contentOf(text) } : {}),
  work: (node, { names, inline = false }) =>
    readScript({
      inline,
      source: text(node, 'job_script_source'),
      type: text(node, fieldOf(node, 'job_script_type')),
      content: text(node, fieldOf(node, 'job_content')),
      argument: text(node, fieldOf(node, 'job_script_param')),
      timeout: text(node, fieldOf(node, 'job_script_timeout')),
      names,
    }),
}

/** In the order in which get_plugin_list gives them. */
export const PLUGINS: readonly Plugin[] = [approve, display, httpRequest, script, pauseNode, sleepTimer]

/** What a node makes that runs a task of its own, by a plugin that get_plugin_list does not have, there neither. */
const CHILD_OUTPUTS = [field('task_id', 'Task', 'int'), field('task_url', 'Its page'), field('task_name', 'Its name')]

/** What the nodes of a plugin make; undefined: it is none of theirs. */
export const pluginOutputs = (code: string): readonly PluginField[] | undefined =>
  code === 'subprocess_plugin' ? CHILD_OUTPUTS : pluginOf(code)?.outputs

export const pluginOf = (code: string): Plugin | undefined => PLUGINS.find((plugin) => plugin.code === code)
