import type { PipelineDefinition } from '../../model/definition.ts'

/** What a template is for, by bk-sops' own list; a task has that of its template. Source: its `gcloud/constants.py`. */
export const CATEGORIES: ReadonlyMap<string, string> = new Map([
  ['OpsTools', '运维工具'],
  ['MonitorAlarm', '监控告警'],
  ['ConfManage', '配置管理'],
  ['DevTools', '开发工具'],
  ['EnterpriseIT', '企业IT'],
  ['OfficeApp', '办公应用'],
  ['Other', '其它'],
  ['Default', '默认分类'],
])

const CATEGORY_ANNOTATION = 'blueking/category'
export const DEFAULT_CATEGORY = 'Default'

/** What a definition keeps of it. @param category empty, or left out: the default. */
export const categoryAnnotation = (category: string | undefined): Readonly<Record<string, string>> =>
  category === undefined || category === '' || category === DEFAULT_CATEGORY
    ? {}
    : { [CATEGORY_ANNOTATION]: category.slice(0, 64) }

export const categoryOf = (pipeline: { readonly definition: Pick<PipelineDefinition, 'annotations'> }): string =>
  pipeline.definition.annotations[CATEGORY_ANNOTATION] ?? DEFAULT_CATEGORY

/** As lists of tasks show it. */
export const categoryName = (category: string): string => CATEGORIES.get(category) ?? category
