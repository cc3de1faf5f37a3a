import type { JsonObject } from '../../model/json.ts'

/** A template as it is kept: what a pipeline is made of, and the words by which it is found. */
export interface Template {
  readonly name: string
  readonly description: string
  readonly labels: readonly string[]
  /** Of the vendor's form, each complete: sent as they are they make a pipeline. */
  readonly params: readonly JsonObject[]
  readonly stages: readonly JsonObject[]
  readonly preOperation: JsonObject | null
}

const handler = { type: 'timeout_reset', params: { timespan: 72 } }
const webhook = { operator: 'or', triggers: [{ webhook: {} }] }

const repository = {
  name: 'repository',
  description: 'Address of the repository',
  value: 'https://gitee.com/hwcloudswr/demo-2048.git',
}
const branch = { name: 'branch', description: 'Branch to build', value: 'master' }
const organization = { name: 'organization', description: 'Organization of packages and images', value: 'demo' }

const source = {
  name: '代码获取',
  service_name: 'code_source',
  params: { git_type: 'gitee', url: '${repository}', branch: '${branch}' },
  exception_handler: handler,
}
const codeSource = { name: 'codeSource', description: '代码源', type: 'code_source', params: { stage_index: '0' } }
const version = '${SYS_TIMESTAMP}'
const image = {
  name: 'image',
  description: '归档的镜像地址',
  type: 'image',
  params: { namespace: '${organization}', repository: 'web', tag: version },
}
const archive = {
  name: 'archive',
  description: '',
  type: 'package',
  params: { namespace: '${organization}', package: 'web', version, file_path: '/' },
}

/** Of ours: what the vendor's samples are about, and one that needs nothing but a runner. */
export const sampleTemplates: readonly Template[] = [
  {
    name: '编译、审核、发布',
    description: 'Builds a package, waits for a person, publishes it: needs no repository, image builder or cluster',
    labels: ['示例'],
    params: [organization, { name: 'greeting', description: 'What is built', value: 'hello' }],
    stages: [
      {
        name: '代码编译',
        service_name: 'jenkins_build',
        params: {
          basic_env: 'SelfPkgBuild',
          jenkins_shell: 'mkdir -p dist\nprintf "%s\\n" "$greeting" > dist/web.txt',
        },
        exception_handler: handler,
        output_resources: [{ ...archive, params: { ...archive.params, local_file_path: 'dist/web.txt' } }],
      },
      {
        name: '审核',
        service_name: 'test_review',
        params: { review_mode: 'one', review_users: [{ user_name: 'admin' }] },
        exception_handler: handler,
      },
      {
        name: '发布',
        service_name: 'official_deploy',
        params: { deploy_mode: 'cceMode', input_info: '#!/bin/sh\nmkdir -p published && cp web.txt published/' },
        exception_handler: handler,
        input_resources: [archive],
      },
    ],
    preOperation: webhook,
  },
  {
    name: '基于源码构建镜像',
    description: 'Builds an image by the Dockerfile of a repository',
    labels: ['镜像构建'],
    params: [repository, branch, organization],
    stages: [
      source,
      {
        name: '镜像构建',
        service_name: 'dockerfile_build',
        params: { dockerfile_path: 'Dockerfile' },
        exception_handler: handler,
        input_resources: [codeSource],
        output_resources: [image],
      },
    ],
    preOperation: webhook,
  },
  {
    name: '基于源码进行编译后构建镜像并部署',
    description: 'Compiles the source, builds an image of what that gives, and applies a Kubernetes manifest with it',
    labels: ['镜像部署', 'Java'],
    params: [repository, branch, organization],
    stages: [
      source,
      {
        name: '代码编译',
        service_name: 'jenkins_build',
        params: { basic_env: 'java', jenkins_shell: 'mvn package' },
        exception_handler: handler,
        input_resources: [codeSource],
        output_resources: [
          { ...archive, params: { ...archive.params, local_file_path: 'target/SpringBoot-0.0.1-SNAPSHOT.war' } },
        ],
      },
      {
        name: '镜像构建',
        service_name: 'dockerfile_build',
        params: { dockerfile_content: 'FROM tomcat\nCOPY *.war /usr/local/tomcat/webapps/' },
        exception_handler: handler,
        input_resources: [archive],
        output_resources: [image],
      },
      {
        name: '部署',
        service_name: 'official_deploy',
        params: {
          deploy_mode: 'cceMode',
          input_info: [
            'apiVersion: v1',
            'kind: Pod',
            'metadata: {name: web}',
            'spec:',
            '  containers: [{name: web, image: "${organization}/web:${SYS_TIMESTAMP}"}]',
          ].join('\n'),
        },
        exception_handler: handler,
        input_resources: [image],
      },
    ],
    preOperation: webhook,
  },
]
