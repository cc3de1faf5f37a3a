/**
 * Sentences that the server and its steps say where no code does: reasons inside failures. The page finds them by their
 * words, `{{...}}` being whatever stands there, and says them in its language. What is not here stays English.
 */
export const sentence = {
  lost: {
    stopped: 'the server was stopped while {{runner}} ran it',
    away: 'its runner went away',
    gone: 'its runner is gone',
    removed: 'its runner was removed',
    again: 'its runner was started again',
    ended: 'its runner has ended',
    silent: 'its runner was silent for {{seconds}} s',
    crashed: 'the runner {{name}} ended by {{how}}',
    unasked: 'the runner stopped it without being asked',
  },
  log: {
    limit: 'the log passed its limit of {{bytes}} bytes',
    notOpened: 'the log could not be opened: {{error}}',
    notStored: 'the log could not be stored: {{error}}',
  },
  internal: {
    notGiven: 'it could not be given to {{runner}}: {{error}}',
    notReported: 'it could not be reported: {{error}}',
  },
  http: {
    status: 'the answer has status {{status}}, expected {{expected}}',
    late: 'no full answer within {{ms}} ms',
    failed: 'the request failed: {{error}}',
    url: 'url is no http or https URL',
  },
  check: {
    found: 'found {{found}}, and fail_on is {{level}}',
  },
  test: {
    few: 'expected at least {{min}} tests, found {{count}}',
    failedMax: '{{failed}} of {{count}} tests failed, and {{max}} may fail',
    failed: '{{failed}} of {{count}} tests failed',
    rate: '{{rate}} % of the tests passed, expected {{min}} %',
  },
  child: {
    ended: 'run {{name}} ended as {{state}}',
    cancelled: 'run {{name}} was cancelled: {{why}}',
    none: 'there is no pipeline {{name}} in the project of the run',
    deep: 'runs that start runs may be {{max}} deep, and this is one more',
  },
  flow: {
    noBranch: 'all conditions of branches are not meet',
  },
  secret: {
    none: 'there is no secret {{name}}: set it for the pipeline or its project',
    many: 'there are no secrets {{names}}: set them for the pipeline or its project',
    notGiven: 'the task was not given the secret {{name}}',
  },
  runner: {
    sandbox: 'this runner has no sandbox',
    containers: 'this runner has no containers',
    step: 'this runner has no step type {{name}}',
    limits: 'this runner cannot limit the memory and the processors of a container: it has no cgroups',
  },
  git: {
    empty: 'the repository has no HEAD: it is empty',
    ref: 'the repository has no branch, tag or commit {{ref}}',
    commit: 'the repository has no commit {{ref}} on a branch or tag',
    exited: '{{what}}: it exited with code {{code}}, its log says why',
  },
  path: {
    noDirectory: 'there is no directory {{path}} in the workspace',
    outside: '{{path}} is not inside the workspace',
    fewFiles: 'expected at most {{max}} files, found more',
  },
} as const
