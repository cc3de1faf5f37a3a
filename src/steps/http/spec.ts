import { z } from 'zod'
import { count, defineStep, duration, headerMap, httpUrl, runnerWork } from '../step.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const template = (text: string): boolean => text.includes('${{')

/** A status, or a class of them: `204`, `2xx`. */
const STATUS = /^[1-5](?:\d\d|xx)$/
const status = z.union(
  [
    z.int().min(100).max(599),
    z.string().refine((text) => template(text) || STATUS.test(text), 'expected a status such as 204 or 2xx'),
  ],
  { error: 'expected a status such as 204 or 2xx' },
)

export const http = defineStep({
  type: 'http',
  summary: 'Sends an HTTP request and judges the answer by its status.',
  schema: z.strictObject({
    method: z.enum(METHODS).default('GET'),
    url: httpUrl(),
    headers: headerMap().default({}),
    body: z
      .string()
      .max(1024 * 1024)
      .optional(),
    timeout: duration().default('60s').describe('For the whole exchange. Up to 1h.'),
    expect: z
      .union([status, z.array(status).min(1).max(50)], {
        error: 'expected a status such as 204 or 2xx, or a list of them',
      })
      .default('2xx')
      .describe('Statuses, or classes of them, that mean success.'),
    redirects: count(0, 10).default(0).describe('How many redirects to follow.'),
    output: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, 'expected a name of letters, digits, _ and -')
      .refine((name) => name !== '__proto__' && name !== 'status', 'expected another name')
      .optional()
      .describe('The output that gets the body, up to 8 KiB. The output `status` is always there.'),
    json: z
      .boolean()
      .optional()
      .describe(
        'The answer must be JSON, up to 64 KiB: it is the output `data`, and `status_code` the status as a number.',
      ),
    success: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('With json: a condition of the bamboo language over `resp`, such as resp.code == 0, that must hold.'),
  }),
  shorthand: 'url',
  work: (input) => runnerWork('http', input),
})
