import type { JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'
import { fail, findBusiness, succeed, type Call, type Operation } from './call.ts'
import { CODES } from './codes.ts'
import { optionalText, requiredText } from './params.ts'
import { PLUGINS, pluginOf, type Plugin, type PluginField } from './tree/plugins.ts'

/** What this server can do of BlueKing's plugins, and nothing that it would then refuse. */
export const getPluginList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  about: 'the plugins that are served, each with its versions, inputs and outputs',
  async run(call) {
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    if (!business.ok) return { envelope: business.failure }
    return succeed(PLUGINS.flatMap((plugin) => plugin.versions.map((version) => presentPlugin(plugin, version))))
  },
}

export const getPluginDetail: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  about: 'one of them, by `code` and `version`',
  async run(call) {
    const code = optionalText(call.params, 'code')
    if (code === undefined) return { envelope: fail('parameter code need to be provided.', CODES.validation) }
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    if (!business.ok) return { envelope: business.failure }
    const plugin = pluginOf(code)
    const version = optionalText(call.params, 'version') ?? plugin?.versions[0] ?? 'legacy'
    if (plugin === undefined || !plugin.versions.includes(version)) {
      const message = `can not find suitable component with code: ${code} and version: ${version}`
      return { envelope: fail(message, CODES.validation) }
    }
    return succeed(presentPlugin(plugin, version))
  },
}

function presentPlugin(plugin: Plugin, version: string): JsonObject {
  const { code, name, group, desc, inputs, outputs } = plugin
  return {
    inputs: inputs.map(presentField),
    outputs: outputs.map(presentField),
    desc,
    code,
    name,
    group_name: group,
    version,
    form: '',
  }
}

const JSON_TYPES = { string: 'string', int: 'int', bool: 'boolean', object: 'object', list: 'array' } as const

function presentField({ key, name, type, required = true }: PluginField): JsonObject {
  const own = JSON_TYPES[type]
  return { key, name, type: own, required, schema: { type: own, description: name, enum: [] } }
}

export const getUserProjectList: Operation = {
  method: 'GET',
  path: [],
  about: 'the projects that the caller sees',
  async run(call) {
    const projects = await call.app.projects.list(call.caller)
    return succeed(projects.map(({ serial, name }) => ({ project_id: serial, bk_biz_id: serial, name })))
  },
}

export const getUserProjectDetail: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  about: 'one of them',
  async run(call) {
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    return business.ok ? succeed(presentProject(business.project, call)) : { envelope: business.failure }
  },
}

/** Businesses come from a CMDB there, and are made projects of: here every one is a project already. */
export const registerProject: Operation = {
  method: 'POST',
  path: [],
  gatewayOnly: true,
  about: 'the project of a business that is there; one that is not is made by the native API',
  async run(call) {
    const bizId = optionalText(call.params, 'bk_biz_id') ?? ''
    if (!/^\d{1,15}$/.test(bizId)) {
      return { envelope: fail('should be json format and contain bk_biz_id(int)', CODES.badParameter) }
    }
    const business = await findBusiness(call, bizId)
    if (business.ok) return succeed({ project_id: business.project.serial, project_name: business.project.name })
    const reason = 'please confirm your bk_biz_id and business data exist'
    return { envelope: fail(`[cc.search_business] error: ${business.failure.message}, ${reason}`) }
  },
}

/** There is no CMDB behind it: nobody is its developer, tester or keeper. */
const presentProject = ({ serial, name }: ProjectView, { caller }: Call): JsonObject => ({
  project_id: serial,
  project_name: name,
  from_cmdb: false,
  bk_biz_id: serial,
  bk_biz_name: name,
  bk_biz_developer: '',
  bk_biz_maintainer: '',
  bk_biz_tester: '',
  bk_biz_productor: '',
  auth_actions: caller.role === 'viewer' ? ['project_view'] : ['project_view', 'flow_create', 'fast_create_task'],
})

export const getMiniAppList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  about: 'empty: there are no mini apps here',
  async run(call) {
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    return { envelope: business.ok ? { result: true, data: [], count: 0 } : business.failure }
  },
}

/** No app is on their white list, as there is nothing that it could import to. Source: `apigw/views/import_common_template.py`. */
export const importCommonTemplate: Operation = {
  method: 'POST',
  path: [],
  about: 'refused, as there are no common templates: import_project_template takes such a file, too',
  run: async () =>
    await Promise.resolve({ envelope: fail('you have no permission to call this api.', CODES.noPermission) }),
}

/** What forms of plugins ask of other systems. Source: `apigw/views/plugin_proxy.py`. */
export const dispatchPluginQuery: Operation = {
  method: 'POST',
  path: [],
  gatewayOnly: true,
  about: 'refused by its `url`: plugins here have no forms that ask other systems',
  run: async ({ params }) => {
    const method = optionalText(params, 'method')?.toLowerCase() ?? 'get'
    const failure =
      method === 'get' || method === 'post'
        ? fail(`resolve view func failed for: ${(optionalText(params, 'url') ?? '').slice(0, 500)}`, CODES.badParameter)
        : fail('only support get and post method.', CODES.invalidOperation)
    return await Promise.resolve({ envelope: { ...failure, data: null } })
  },
}

/** Source: `plugin_service/client_decorators.py`. */
export const getTaskPluginLog: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  gatewayOnly: true,
  about: 'refused, as there is no plugin service: get_task_node_log has the logs of nodes',
  async run(call) {
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    if (!business.ok) return { envelope: business.failure }
    return { envelope: { ...fail('插件服务未启用，请联系管理员进行配置'), data: null } }
  },
}
