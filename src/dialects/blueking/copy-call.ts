import type { JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import { fail, findBusiness, type Operation } from './call.ts'
import { categoryAnnotation, categoryOf } from './category.ts'
import { CODES } from './codes.ts'
import { arrayParam, requiredText } from './params.ts'
import { locateTemplate, storeTree, TEMPLATE_NAME_ANNOTATION, templateName, templateTree } from './templates.ts'
import { sealPasswords } from './tree/passwords.ts'

/** Most templates that are copied at once; theirs. */
const COPIES_MAX = 10

/**
 * Each copy has the trees of its sub-processes in itself. Passwords stay behind: they are sealed for the project that they
 * were given to. All are looked up before any is made.
 */
export const copyTemplateAcrossProject: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  about: 'up to 10 templates (`template_ids`) into the project `new_project_id`, without the passwords in them',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const ids = [...new Set((arrayParam(call.params, 'template_ids') ?? []).map(String))]
    const target = call.params['new_project_id']
    if (ids.length === 0 || (typeof target !== 'string' && typeof target !== 'number')) {
      return { envelope: fail('new_project_id and template_ids are required', CODES.badParameter) }
    }
    if (String(target) === bizId) return { envelope: fail('无法导入流程到到同一个项目', CODES.badParameter) }
    if (ids.length > COPIES_MAX) {
      return { envelope: fail(`only ${COPIES_MAX} templates can be copied once.`, CODES.invalidOperation) }
    }
    const business = await findBusiness(call, String(target))
    if (!business.ok) return { envelope: business.failure }
    const templates: PipelineView[] = []
    for (const id of ids) {
      const found = await locateTemplate(call, id, bizId)
      if (!found.ok) return { envelope: found.failure }
      templates.push(found.pipeline)
    }
    const flows: Record<string, string> = {}
    for (const template of templates) {
      const name = templateName(template)
      const stored = await storeTree(call, business.project, copied(template), {
        name,
        description: template.definition.description,
        hidden: false,
        annotations: { [TEMPLATE_NAME_ANNOTATION]: name, ...categoryAnnotation(categoryOf(template)) },
      })
      if (!stored.ok) return { envelope: stored.failure }
      flows[String(stored.pipeline.serial)] = name
    }
    const count = templates.length
    return {
      envelope: { result: true, data: { count, flows }, message: `Successfully imported ${count} flows` },
    }
  },
}

const copied = (template: PipelineView): JsonObject => sealPasswords(templateTree(template).raw, () => '')
