import { fail, findBusiness, type Operation } from './call.ts'
import { categoryAnnotation } from './category.ts'
import { CODES } from './codes.ts'
import { readExport } from './exported.ts'
import { optionalText, ownBusiness } from './params.ts'
import { storeTree, TEMPLATE_NAME_ANNOTATION, treeProblem } from './templates.ts'

const CODE_OF = {
  unreadable: CODES.badParameter,
  digest: CODES.validation,
  content: CODES.unknown,
} as const

/** All are looked at before any is made. Each has the trees of its sub-processes in itself. */
export const importProjectTemplate: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  byProject: true,
  about: 'the templates of a file that bk-sops has exported (`template_data`), as far as their plugins are served',
  async run(call) {
    const bizId = ownBusiness(call.params)
    const data = optionalText(call.params, 'template_data')
    if (data === undefined) return { envelope: fail('template data can not be none', CODES.badParameter) }
    const read = await readExport(data)
    if (!read.ok) return { envelope: fail(read.message, CODE_OF[read.kind]) }
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    for (const { name, tree } of read.templates) {
      const problem = await treeProblem(call, business.project, tree)
      if (problem !== undefined) return { envelope: fail(`${name}: ${problem.message}`, CODES.validation) }
    }
    const flows: Record<string, string> = {}
    for (const { name, description, category, tree } of read.templates) {
      const stored = await storeTree(call, business.project, tree, {
        name,
        description,
        hidden: false,
        annotations: {
          [TEMPLATE_NAME_ANNOTATION]: name,
          ...categoryAnnotation(category),
        },
      })
      if (!stored.ok) return { envelope: stored.failure }
      flows[String(stored.pipeline.serial)] = name
    }
    const count = read.templates.length
    return { envelope: { result: true, data: { count, flows }, message: `Successfully imported ${count} flows` } }
  },
}
