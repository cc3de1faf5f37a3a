import { pino, stdSerializers } from 'pino'

/** Names of fields that may hold a credential, wherever they stand. */
const SECRET_FIELDS = [
  'authorization',
  'Authorization',
  'cookie',
  'Cookie',
  'x-auth-token',
  'X-Auth-Token',
  'x-api-key',
  'x-bkapi-authorization',
  'token',
  'admin_token',
  'password',
  'secret',
  'sk',
  'api_key',
  'bk_app_secret',
  'bk_token',
]
const DEPTH_MAX = 3

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** For the eye: one short line each instead of JSON. */
  readonly readable: boolean
  readonly write: (line: string) => void
}

/** What the server says about itself, a line each; credentials are masked. */
export function createLog({ level, readable, write }: LogOptions) {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
      redact: { paths: secretPaths(), censor: '[masked]' },
    },
    { write: readable ? (line) => write(readableLine(line)) : write },
  )
}

function secretPaths(): string[] {
  const prefixes = Array.from({ length: DEPTH_MAX }, (_, depth) => '*.'.repeat(depth))
  return prefixes.flatMap((prefix) =>
    SECRET_FIELDS.map((name) =>
      /^\w+$/.test(name) ? `${prefix}${name}` : `${prefix === '' ? '' : prefix.slice(0, -1)}["${name}"]`,
    ),
  )
}

/** `{"level":"warn","time":"2026-11-21T08:00:01.123Z","port":1,"msg":"so"}` -> `08:00:01.123 warn  so  port=1` */
export function readableLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${shortValue(value)}`)
  const clock = typeof time === 'string' ? time.slice(11, 23) : ''
  return `${[clock, String(level).padEnd(5), plain(typeof msg === 'string' ? msg : ''), ...rest].join(' ').trimEnd()}\n`
}

function shortValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : plain(JSON.stringify(value))
  if (typeof value === 'object' && value !== null && 'stack' in value) return plain(String(value.stack))
  return plain(JSON.stringify(value))
}

/** Without what a terminal would take as an order. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const plain = (text: string): string => text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?')
