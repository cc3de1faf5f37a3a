import { z } from 'zod'
import { count, defineStep, duration, headerMap, httpUrl, runnerWork, secretName } from '../step.ts'

const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\p{Cc}]/u.test(text), 'expected one line')

/** What is between the angle brackets, or alone; read again when a template gave it. */
export const isAddress = (text: string): boolean =>
  text.length <= 320 && /^(?:[^<>\p{Cc}]*<)?[^\s@<>(),;:"\p{Cc}]+@[^\s@<>(),;:"\p{Cc}]+>?$/u.test(text)

const address = line(320).refine((text) => text.includes('${') || isAddress(text), 'expected an e-mail address')
const addresses = z.union([address.transform((one) => [one]), z.array(address).min(1).max(50)])

const email = z
  .strictObject({
    to: addresses.describe('One address or up to 50.'),
    cc: addresses.optional(),
    from: address,
    subject: line(500),
    text: z
      .string()
      .max(256 * 1_024)
      .describe('The body, plain text.'),
    server: line(255).describe('Host name or address of the SMTP server.'),
    port: count(1, 65_535).optional().describe('Without: 465 for tls, 587 for starttls, 25 for none.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('How the connection is encrypted. With starttls and tls the certificate of the server is checked.'),
    ca: z
      .string()
      .max(64 * 1_024)
      .optional()
      .describe(
        'Certificates, as PEM, of the authority that the server is signed by, when the machine does not know it.',
      ),
    user: line(320).optional(),
    password: secretName().optional().describe('The secret that the user signs in with.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'expected user and password, or neither',
  })

export const notify = defineStep({
  type: 'notify',
  summary: 'Tells somebody: a webhook, signed as Standard Webhooks are, or an e-mail by SMTP.',
  schema: z
    .strictObject({
      url: httpUrl().optional().describe('The webhook to call.'),
      secret: secretName().optional().describe('The secret that calls are signed with: `whsec_` and base64.'),
      event: line(128).default('pipeline.notice').describe('The `type` of the message.'),
      data: z
        .record(z.string().min(1).max(128), z.union([z.string().max(16_384), z.number(), z.boolean(), z.null()]))
        .refine((data) => Object.keys(data).length <= 100, 'expected at most 100 values')
        .default({})
        .describe('The `data` of the message.'),
      body: z
        .string()
        .max(256 * 1_024)
        .optional()
        .describe('A body of its own instead of event and data, for what takes another form. JSON.'),
      headers: headerMap().default({}),
      email: email.optional().describe('An e-mail instead of a webhook.'),
      timeout: duration().default('30s').describe('For the whole exchange. Up to 10m.'),
    })
    .refine(({ url, email: mail }) => (url === undefined) !== (mail === undefined), {
      path: ['url'],
      message: 'expected either url or email',
    }),
  shorthand: 'url',
  work: (input) => runnerWork('notify', input, [input.secret, input.email?.password]),
})
