import { z } from 'zod'
import { defineStep, runnerWork, secretName } from '../step.ts'
import { ARG_NAME, IMAGE_NAME, IMAGE_TAG, LABEL_NAME, PLATFORM, STAGE } from './words.ts'

const isTemplate = (text: string): boolean => text.includes('${')
const like = (pattern: RegExp, expected: string) =>
  z
    .string()
    .max(512)
    .refine((text) => isTemplate(text) || pattern.test(text), `expected ${expected}`)

const path = z.string().min(1).max(1_024)
const tag = like(IMAGE_TAG, 'a tag: letters, digits and _ . -, at most 128')

/** Their values stand in the image, for all who have it to read. */
const stays = (name: RegExp, expected: string) =>
  z
    .record(
      z.string().regex(name, `expected ${expected}`),
      z
        .string()
        .max(32 * 1_024)
        .refine(
          (text) => !/\$\{\{[^}]*\bsecrets\./.test(text),
          'expected no secret: it would stay in the image. A step of the Dockerfile reads one of `secrets` by RUN --mount=type=secret',
        ),
    )
    .refine((entries) => Object.keys(entries).length <= 100, 'expected at most 100')

export const image = defineStep({
  type: 'image',
  summary: 'Builds an image from a Dockerfile by Podman, Buildah or Docker, and pushes or keeps it.',
  schema: z
    .strictObject({
      image: like(IMAGE_NAME, 'the name of an image in small letters and without a tag').describe(
        'What it is called, without a tag: registry.example.com/shop/web.',
      ),
      tag: z
        .union([tag.transform((one) => [one]), z.array(tag).min(1).max(20)])
        .default(['latest'])
        .describe('One tag or several: ${{ params.version }}.'),
      context: path.default('.').describe('The directory in the workspace that the Dockerfile may copy from.'),
      file: path.optional().describe('The Dockerfile, from `context`. Without: Containerfile or Dockerfile.'),
      build_args: stays(ARG_NAME, 'the name of an argument').default({}).describe('For ARG. They stay in the image.'),
      labels: stays(LABEL_NAME, 'the name of a label').default({}),
      secrets: z
        .record(z.string().regex(ARG_NAME, 'expected an id of letters, digits and _'), secretName())
        .refine((entries) => Object.keys(entries).length <= 20, 'expected at most 20')
        .default({})
        .describe('By id, for RUN --mount=type=secret,id=...: in no layer.'),
      target: like(STAGE, 'the name of a stage of the Dockerfile').optional().describe('The stage to end with.'),
      platform: like(PLATFORM, 'a platform such as linux/amd64').optional(),
      network: z
        .enum(['default', 'host', 'none'])
        .default('default')
        .describe('What RUN may reach; `default` is what the builder gives it.'),
      pull: z.enum(['missing', 'always']).default('missing').describe('When the base image is asked for anew.'),
      cache: z.boolean().default(true).describe('Whether layers of earlier builds are used.'),
      format: z.enum(['oci', 'docker']).default('oci').describe('`docker` for SHELL and HEALTHCHECK.'),
      push: z.boolean().default(false).describe('To the registry that the name begins with.'),
      user: z.string().min(1).max(255).optional().describe('Who asks the registry.'),
      password: secretName().optional().describe('The secret that is the password or token of `user`.'),
      insecure: z
        .boolean()
        .default(false)
        .describe('The registry speaks http, or TLS by a certificate that nobody knows.'),
      save: z
        .strictObject({
          name: z.string().min(1).max(128).describe('What the file is called.'),
          format: z.enum(['docker-archive', 'oci-archive']).default('docker-archive'),
          into: path.optional().describe('Directory in the workspace that it is put into, too.'),
        })
        .optional()
        .describe('Keeps the image as an artifact of the run.'),
      keep: z.boolean().default(true).describe('Whether it stays on the runner, for tasks in containers of it.'),
    })
    .refine(({ user, password }) => (user === undefined) === (password === undefined), {
      path: ['password'],
      message: 'expected both or none of user and password',
    })
    .refine(({ push, save, keep }) => keep || push || save !== undefined, {
      path: ['keep'],
      message: 'expected push or save of an image that is not kept',
    }),
  work: (input) => runnerWork('image', input, [input.password, ...Object.values(input.secrets)]),
  needs: () => ['tool:image-builder'],
})

export type ImageInput = ReturnType<typeof image.schema.parse>
