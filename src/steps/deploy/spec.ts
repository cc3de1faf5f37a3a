import { z } from 'zod'
import { count, defineStep, duration, headerMap, httpUrl, runnerWork, secretName } from '../step.ts'

const word = (max = 4_096) => z.string().max(max)
const argv = z.array(word()).min(1).max(100)
const path = z.string().min(1).max(1_024)
const paths = z.union([path.transform((one) => [one]), z.array(path).min(1).max(100)])

const request = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  url: httpUrl(),
  headers: headerMap().default({}),
  body: word(1_024 * 1_024).optional(),
  timeout: duration().default('60s').describe('Up to 1h.'),
})

/** What kubectl names a thing by whose rollout it can tell. */
export const TARGET = /^(?:deployment|statefulset|daemonset)\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
const isTemplate = (text: string): boolean => text.includes('${')
const target = z
  .string()
  .max(300)
  .refine(
    (text) => isTemplate(text) || TARGET.test(text),
    'expected deployment/, statefulset/ or daemonset/ and a name',
  )
const name = z
  .string()
  .max(253)
  .refine(
    (text) => isTemplate(text) || /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(text),
    'expected a name in small letters',
  )
/** As an image is named; no option and nothing that a shell would read. */
export const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$/
const image = z.string().refine((text) => isTemplate(text) || IMAGE.test(text), 'expected the name of an image')

const command = z.strictObject({
  run: argv.describe('A program and its arguments, without a shell.'),
  rollback: argv.optional().describe('The same to take it back.'),
  path: path.default('.').describe('Directory in the workspace to run in.'),
})

const http = z.strictObject({
  request: request.describe('What starts the deployment; any status but 2xx has failed.'),
  rollback: request.optional().describe('What takes it back.'),
})

const compose = z.strictObject({
  files: paths.default(['compose.yaml']).describe('Compose files in the workspace.'),
  project: name.describe('What the whole is called; one deployment of it follows the other.'),
  services: z.array(name).min(1).max(100).optional().describe('Without: all.'),
})

const kubernetes = z
  .strictObject({
    manifests: paths.optional().describe('YAML or JSON in the workspace, paths or globs, for kubectl apply.'),
    images: z
      .record(z.string(), z.record(z.string(), image))
      .optional()
      .describe('For kubectl set image: {deployment/web: {app: "registry/web:2"}}.'),
    wait: z.array(target).max(50).default([]).describe('Whose rollout must come to its end; those of images are.'),
    namespace: name.optional(),
    context: word(253).optional().describe('Of the kubeconfig.'),
    kubeconfig: secretName()
      .optional()
      .describe('The secret that is the kubeconfig. Without: the file that KUBECONFIG in the env of the task names.'),
  })
  .refine(({ manifests, images }) => manifests !== undefined || images !== undefined, {
    path: ['manifests'],
    message: 'expected manifests or images',
  })

const healthy = z.strictObject({
  url: httpUrl(),
  status: count(100, 599).default(200),
  contains: word(1_000).optional().describe('Text that the first 64 KiB of the answer must have.'),
  within: duration().default('2m').describe('How long it may take until it is so. Up to 1h.'),
})

const KINDS = ['command', 'http', 'compose', 'kubernetes'] as const

export const deploy = defineStep({
  type: 'deploy',
  summary:
    'Deploys by a command, an HTTP request, a compose file or kubectl, waits until it is healthy, and can take it back.',
  schema: z
    .strictObject({
      environment: word(128).optional().describe('What it is deployed to, for people: production.'),
      command: command.optional(),
      http: http.optional(),
      compose: compose.optional(),
      kubernetes: kubernetes.optional(),
      healthy: healthy.optional().describe('What must answer when it is deployed.'),
      timeout: duration().default('10m').describe('For the rollout of kubernetes. Up to 6h.'),
    })
    .refine((input) => KINDS.filter((kind) => input[kind] !== undefined).length === 1, {
      path: ['command'],
      message: `expected one of ${KINDS.join(', ')}`,
    }),
  work: (input) => runnerWork('deploy', input, [input.kubernetes?.kubeconfig]),
  rollback: (input) => {
    const canGoBack =
      input.compose !== undefined ||
      input.kubernetes !== undefined ||
      input.command?.rollback !== undefined ||
      input.http?.rollback !== undefined
    return canGoBack ? runnerWork('deploy', input, [input.kubernetes?.kubeconfig]) : undefined
  },
  needs: ({ compose: composed, kubernetes: cluster }) => [
    ...(composed === undefined ? [] : ['tool:compose' as const]),
    ...(cluster === undefined ? [] : ['tool:kubectl' as const]),
  ],
})

export type DeployInput = ReturnType<typeof deploy.schema.parse>
