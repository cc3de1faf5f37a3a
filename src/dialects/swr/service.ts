/** The vendor's set of stage kinds is closed ("创建流水线", table 5). */
export const SERVICE_NAMES = [
  'code_source',
  'jenkins_build',
  'dockerfile_build',
  'test_review',
  'official_deploy',
  'gray_deploy',
] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

export const isServiceName = (text: string): text is ServiceName => SERVICE_NAMES.some((name) => name === text)
