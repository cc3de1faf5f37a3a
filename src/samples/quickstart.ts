import type { PipelineView, ProjectView, RunView } from '../model/view.ts'

/** `<data>/quickstart.json`: what whoever wants to try the server by script needs. Its form is a contract (README.md). */
export interface Quickstart {
  readonly base_url: string
  readonly admin_token: string
  /** One ready request per seed document, and what it is about. */
  readonly requests: readonly QuickstartRequest[]
  readonly samples: {
    readonly koderover: SampleIds
    readonly codearts_pipeline: SampleIds
    readonly blueking: SampleIds & { readonly bk_biz_id: string; readonly task_id: string }
    readonly codearts_check: SampleIds & { readonly huawei_project_id: string }
    readonly swr: SampleIds & { readonly swr_pipeline_id: number; readonly webhook_url: string }
  }
  readonly credentials: QuickstartCredentials
}

export interface QuickstartRequest {
  readonly seed: '000' | '001' | '002' | '003' | '004'
  readonly method: 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface SampleIds {
  readonly project_id: string
  readonly project_name: string
  readonly pipeline_id: string
  readonly pipeline_name: string
  readonly pipeline_serial: number
  readonly run_id: string
  readonly run_number: number
  readonly run_serial: number
}

export interface QuickstartCredentials {
  readonly huawei: {
    readonly ak: string
    readonly sk: string
    readonly project_id: string
    readonly domain: string
    readonly user: string
    readonly password: string
  }
  readonly blueking: { readonly bk_app_code: string; readonly bk_app_secret: string; readonly bk_username: string }
  readonly koderover: { readonly api_key: string }
}

export interface Sample {
  readonly pipeline: PipelineView
  readonly run: RunView
}
export type SampleName = 'koderover' | 'codearts-pipeline' | 'blueking' | 'codearts-check' | 'swr'

export function quickstartOf(input: {
  readonly baseUrl: string
  readonly token: string
  readonly project: ProjectView
  readonly samples: Readonly<Record<SampleName, Sample>>
  readonly credentials: QuickstartCredentials
}): Quickstart {
  const { baseUrl, token, project, samples, credentials } = input
  const ids = (name: SampleName): SampleIds => idsOf(project, samples[name])
  const [webhook] = samples.swr.pipeline.webhooks
  return {
    base_url: baseUrl,
    admin_token: token,
    requests: requestsOf(input),
    samples: {
      koderover: ids('koderover'),
      codearts_pipeline: ids('codearts-pipeline'),
      blueking: { ...ids('blueking'), bk_biz_id: String(project.serial), task_id: String(samples.blueking.run.serial) },
      codearts_check: { ...ids('codearts-check'), huawei_project_id: project.id },
      swr: {
        ...ids('swr'),
        swr_pipeline_id: samples.swr.pipeline.serial,
        webhook_url: `${baseUrl}/v2/manage/webhooks/${webhook?.id ?? ''}`,
      },
    },
    credentials,
  }
}

function requestsOf(input: Parameters<typeof quickstartOf>[0]): readonly QuickstartRequest[] {
  const { baseUrl, token, project, samples, credentials } = input
  const { koderover, blueking, swr } = samples
  const staged = samples['codearts-pipeline']
  const { bk_app_code, bk_app_secret, bk_username } = credentials.blueking
  const query = new URLSearchParams({
    bk_app_code,
    bk_app_secret,
    bk_username,
    bk_biz_id: String(project.serial),
    task_id: String(blueking.run.serial),
  })
  const withToken = { 'X-Auth-Token': token }
  const get = (
    seed: QuickstartRequest['seed'],
    path: string,
    headers: Readonly<Record<string, string>>,
  ): QuickstartRequest => ({
    seed,
    method: 'GET',
    url: `${baseUrl}${path}`,
    headers,
  })
  return [
    get('000', `/api/tasks/id/${koderover.run.number}/pipeline/${encodeURIComponent(koderover.pipeline.name)}`, {
      Authorization: `X-API-KEY ${credentials.koderover.api_key}`,
    }),
    get('001', `/v3/pipelines/${staged.pipeline.id}/status?build_id=${staged.run.number}`, withToken),
    get('002', `/api/c/compapi/v2/sops/get_task_status/?${query.toString()}`, {}),
    get('003', `/v2/${project.id}/tasks?offset=1&limit=10`, withToken),
    get('004', `/v3/manage/pipelines/${swr.pipeline.serial}`, withToken),
  ]
}

const idsOf = (project: ProjectView, { pipeline, run }: Sample): SampleIds => ({
  project_id: project.id,
  project_name: project.name,
  pipeline_id: pipeline.id,
  pipeline_name: pipeline.name,
  pipeline_serial: pipeline.serial,
  run_id: run.id,
  run_number: run.number,
  run_serial: run.serial,
})

/** The same for another address of the server: after a restart with another port. */
export function movedTo(quickstart: Quickstart, baseUrl: string): Quickstart {
  const text = JSON.stringify(quickstart).replaceAll(
    JSON.stringify(quickstart.base_url).slice(1, -1),
    JSON.stringify(baseUrl).slice(1, -1),
  )
  return JSON.parse(text) as Quickstart
}
