import type { Json } from '../../model/json.ts'

/** What a field of a serializer has against a value: words and their code. */
export type FieldProblem = readonly [words: string, code: string]

/**
 * As Django REST framework refuses, in the language of bk-sops' server: all fields in their order.
 * Undefined: nothing is wrong.
 */
export function serializerProblem(
  fields: readonly (readonly [name: string, problem: FieldProblem | undefined])[],
): string | undefined {
  const found = fields.flatMap(([name, problem]) =>
    problem === undefined ? [] : [`'${name}': [ErrorDetail(string='${problem[0]}', code='${problem[1]}')]`],
  )
  return found.length === 0 ? undefined : `params is invalid, error: {${found.join(', ')}}`
}

/** Missing values and null, whatever the field's type. */
export function presenceProblem(value: Json | undefined): FieldProblem | undefined {
  if (value === undefined) return ['该字段是必填项。', 'required']
  return value === null ? ['该字段不能为 null。', 'null'] : undefined
}

/** Numbers are texts, too. */
export function charProblem(value: Json | undefined, max: number): FieldProblem | undefined {
  const missing = presenceProblem(value)
  if (missing !== undefined) return missing
  if (typeof value !== 'string' && typeof value !== 'number') return ['不是有效的字符串。', 'invalid']
  const text = String(value).trim()
  if (text === '') return ['该字段不能为空。', 'blank']
  return text.length > max ? [`请确保这个字段不能超过 ${max} 个字符。`, 'max_length'] : undefined
}

export const WRONG_TIME: FieldProblem = [
  '日期时间格式错误。请从这些格式中选择：YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]。',
  'invalid',
]
