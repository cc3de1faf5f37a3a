/** Pipelines of SWR, written as its pages write them. */

export const swrReset = { type: 'timeout_reset', params: { timespan: 72 } }
export const swrPackage = { namespace: 'shop', package: 'web', version: '${SYS_TIMESTAMP}' }

/** Of every service, with all that a stage can have. */
export const swrDocument = () => ({
  name: 'web-1',
  description: 'the shop',
  pre_operation: {
    operator: 'and',
    triggers: [
      { webhook: {}, pipeline_param_converts: [{ name: 'ref', pipeline_param_name: 'git.branch' }] },
      { webhook: {} },
    ],
  },
  post_operation: { triggers: [{ webhook: { method: 'POST', url: 'https://hooks.example.com/all' } }] },
  params: [
    { name: 'git.branch', description: 'what to build', value: 'master' },
    { name: 'note', description: '', value: '' },
  ],
  stages: [
    {
      name: '代码获取',
      service_name: 'code_source',
      params: {
        git_type: 'gitee',
        url: 'https://gitee.com/hwcloudswr/demo-2048.git',
        branch: '${git.branch}',
        code_trigger: { trigger_tag_create_event: false, branchs: ['master'] },
      },
      exception_handler: { type: 'return_to_start' },
    },
    {
      name: '代码编译',
      service_name: 'jenkins_build',
      params: { basic_env: 'java', jenkins_shell: 'mvn package', enable_cache: true },
      exception_handler: swrReset,
      input_resources: [
        { name: 'codeSource', description: '代码源', type: 'code_source', params: { stage_index: '0' } },
      ],
      output_resources: [
        {
          name: 'war',
          description: '',
          type: 'package',
          params: { ...swrPackage, file_path: 'aa', local_file_path: 'target/web.war' },
        },
      ],
      post_operation: { triggers: [{ webhook: { method: 'GET', url: 'https://hooks.example.com/built?x=1' } }] },
    },
    {
      name: '镜像构建',
      service_name: 'dockerfile_build',
      params: { dockerfile_content: 'FROM tomcat\nCOPY aa/web.war /' },
      exception_handler: swrReset,
      input_resources: [{ name: 'sourcePackage', description: '', type: 'package', params: swrPackage }],
      output_resources: [
        {
          name: 'image',
          description: '归档的镜像地址',
          type: 'image',
          params: { namespace: 'root', repository: 'web', tag: 'v1.${SYS_TIMESTAMP}' },
        },
      ],
    },
    {
      name: '审核',
      service_name: 'test_review',
      params: { review_mode: 'all', review_users: [{ user_name: 'ci', email: 'ci@example.com' }, { user_name: 'li' }] },
    },
    {
      name: '部署',
      service_name: 'official_deploy',
      params: { deploy_mode: 'cceMode', input_info: '#!/bin/sh\necho "$IMAGE"' },
      exception_handler: { type: 'ignore_error' },
      input_resources: [
        {
          name: 'image',
          description: '',
          type: 'image',
          params: { namespace: 'root', repository: 'web', tag: 'v1.${SYS_TIMESTAMP}' },
        },
      ],
    },
  ],
})
