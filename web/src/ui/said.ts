import type { TFunction } from 'i18next'
import type { Task } from '../../../src/client/client.ts'
import { ClientError } from '../api/client.ts'
import type { en } from '../i18n/en/index.ts'
import { language } from '../i18n/language.ts'
import { reasonText } from '../i18n/sentences.ts'
import { durationText } from './duration.ts'

/** What the server says in English, said in the reader's language from its codes and facts. */

type Failure = NonNullable<Task['failure']>

export function failureText(t: TFunction, { kind, details }: Failure): string {
  const text = (name: string): string => {
    const value = details[name]
    return Array.isArray(value) ? value.join(t('problem.join')) : String(value ?? '')
  }
  const after = durationText(Number(details['after_ms'] ?? 0), language())
  switch (kind) {
    case 'rejected':
      return text('comment') === ''
        ? t('failure.say.rejected', { by: text('by') })
        : t('failure.say.rejectedBecause', { by: text('by'), comment: text('comment') })
    case 'forced':
      return text('reason') === ''
        ? t('failure.say.forced', { by: text('by') })
        : t('failure.say.forcedBecause', { by: text('by'), reason: text('reason') })
    case 'timeout':
    case 'not-started':
    case 'expired':
      return t(`failure.say.${kind}`, { after })
    case 'out-of-memory':
      return details['limit_bytes'] === null
        ? t('failure.say.out-of-memory')
        : t('failure.say.ofItsMemory', { bytes: text('limit_bytes') })
    case 'exit-code':
    case 'signal':
    case 'output-limit':
    case 'said-no':
    case 'no-branch':
    case 'many-branches':
    case 'condition':
    case 'loop-limit':
    case 'cannot-start':
    case 'missing-tool':
    case 'disk-full':
    case 'unauthorized':
    case 'lost':
    case 'internal':
      return t(`failure.say.${kind}`, {
        code: text('code'),
        signal: text('signal'),
        reason: reasonText(t, text('reason')),
        names: text('names'),
        limit: text('limit'),
        tool: text('tool'),
        what: reasonText(t, text('what')),
      })
  }
}

type Skipped = NonNullable<Task['skipped']>

/** Why it was left out. A person's words are theirs. */
export function skippedText(t: TFunction, { because, reason }: Skipped): string {
  switch (because) {
    case 'operator':
      return reason
    case 'condition':
    case 'excluded':
    case 'timeout':
      return t(`failure.skipped.${because}`)
  }
}

type ExitCode = keyof (typeof en)['failure']['exit']
const EXITS = ['126', '127', '130', '134', '137', '139', '141', '143'] as const satisfies readonly ExitCode[]

/** What may mend it. */
export function hintText(t: TFunction, { kind, exit_code: code }: Failure): string {
  const known = EXITS.find((one) => one === String(code))
  return known === undefined ? t(`failure.hint.${kind}`) : t(`failure.exit.${known}`)
}

const CODES = [
  'invalid_request',
  'invalid_definition',
  'unauthenticated',
  'forbidden',
  'not_found',
  'not_allowed',
  'conflict',
  'stale_version',
  'idempotency_reused',
  'too_large',
  'too_many_requests',
  'unavailable',
  'internal',
  'unreachable',
  'not_millrace',
] as const
/** Codes whose sentence says something that the code does not. */
const DETAILED: readonly string[] = ['invalid_request', 'invalid_definition', 'conflict', 'internal']
const ACTIONS = [
  'start',
  'pause',
  'resume',
  'cancel',
  'retry',
  'modify',
  'skip',
  'approve',
  'reject',
  'fail',
  'callback',
  'choose',
  'rollback',
  'delay',
  'expire',
] as const

/** As {@link problemText}, and that it was the server who said so, if it was. */
export function refusalText(t: TFunction, error: unknown): string {
  const message = problemText(t, error)
  return error instanceof ClientError && error.status === null ? message : t('run.act.failed', { message })
}

/** Why something was refused, or did not come through. */
export function problemText(t: TFunction, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof ClientError)) return message
  const code = CODES.find((one) => one === error.code)
  // The server speaks English, and says more than its code does; but of headers, to whoever has a cookie.
  const isSaid = language() === 'en' && error.status !== null && code !== 'unauthenticated'
  if (code === undefined || isSaid) return message
  const text = t(`problem.${code}`)
  if (DETAILED.includes(code)) return t('problem.because', { text, detail: message })
  const actions = error.allowed.flatMap((action) => {
    const known = ACTIONS.find((one) => one === action)
    if (known === undefined) return []
    return [
      known === 'start' || known === 'cancel' || known === 'modify'
        ? t(`run.act.run.${known}`)
        : t(`run.act.node.${known}`),
    ]
  })
  return actions.length === 0 ? text : t('problem.allowed', { text, actions: actions.join(t('problem.join')) })
}
