import {
  EMAIL_ADDRESS,
  EMAIL_ADDRESSES_MAX,
  NOTIFICATION_EVENTS,
  NOTIFY_MAX,
  type NotifySpec,
  WEBHOOK_URL,
  WEBHOOK_URL_MAX,
} from '../model/notification.ts'
import { choice, listOf, mapped, oneOrMore, record, type Shape, text } from './shape.ts'
import { secretName } from './trigger-records.ts'

/** `notify` of the pipeline: who is told of its runs. */

const DEFAULT_EVENTS = ['failed', 'recovered', 'needs_person'] as const satisfies NotifySpec['on']

const address = text({ min: 3, max: 320, oneLine: true, pattern: EMAIL_ADDRESS, expected: 'an e-mail address' })

const one: Shape<NotifySpec> = mapped(
  record('somebody who is told', {
    webhook: {
      shape: text({
        min: 1,
        max: WEBHOOK_URL_MAX,
        oneLine: true,
        pattern: WEBHOOK_URL,
        expected: 'an http or https address without a user in it',
      }),
      doc: 'The address that is called. Either this or email.',
    },
    email: { shape: oneOrMore(address, EMAIL_ADDRESSES_MAX), doc: 'The addresses that are written to.' },
    secret: { shape: secretName, doc: 'Name of the secret that signs a webhook. Default: it is not signed.' },
    on: {
      shape: oneOrMore(choice(NOTIFICATION_EVENTS), NOTIFICATION_EVENTS.length),
      doc: 'What is told. Default failed, recovered and needs_person.',
    },
  }),
  ({ webhook, email, secret = null, on = DEFAULT_EVENTS }, tree, path, reader) => {
    // One that is wrong has been told of.
    const has = (key: string): boolean => tree.kind === 'map' && tree.entries.has(key)
    if (has('webhook') === has('email')) {
      const found = has('webhook') ? 'both' : 'neither'
      reader.problems.add(tree.at, path, `expected either \`webhook\` or \`email\`, found ${found}`)
      return undefined
    }
    if (webhook !== undefined) return { on, to: { kind: 'webhook', url: webhook, secret } }
    if (email === undefined) return undefined
    if (secret !== null) {
      reader.problems.add(tree.at, [...path, 'secret'], 'expected no `secret` for an e-mail: nothing signs it')
      return undefined
    }
    return { on, to: { kind: 'email', addresses: email } }
  },
)

export const notify: Shape<readonly NotifySpec[]> = listOf(one, { min: 1, max: NOTIFY_MAX })
