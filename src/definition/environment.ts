import { SECRET_NAME_MAX, type SecretUse } from '../model/secret.ts'
import { ENV_MAX, ENV_VALUE_MAX, NAME_MAX, SECRETS_MAX } from './limits.ts'
import { byKind, choice, listOf, mapOf, mapped, record, type Shape, text, writtenText } from './shape.ts'
import { quote } from './tree.ts'

/** What tasks are given as variables of their environment: values and secrets. */

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export const env = mapOf(writtenText({ max: ENV_VALUE_MAX, template: true }), {
  max: ENV_MAX,
  keyProblem(found) {
    if (!ENV_NAME.test(found) || found.length > NAME_MAX) {
      return `expected the name of an environment variable: letters, digits and _, found ${quote(found)}`
    }
    return found.startsWith('MILLRACE_')
      ? `names that begin with MILLRACE_ are reserved, found ${quote(found)}`
      : undefined
  },
  keySchema: { pattern: '^(?!MILLRACE_)[A-Za-z_][A-Za-z0-9_]*$', maxLength: NAME_MAX },
})

const SECRET_NAME = text({
  min: 1,
  max: SECRET_NAME_MAX,
  pattern: /^(?!MILLRACE_)[A-Z_][A-Z0-9_]*$/,
  expected: `the name of a secret: capital letters, digits and _, at most ${SECRET_NAME_MAX}`,
})

const SECRET_ENV = text({
  min: 1,
  max: NAME_MAX,
  pattern: /^(?!MILLRACE_)[A-Za-z_][A-Za-z0-9_]*$/,
  expected: 'the name of an environment variable: letters, digits and _, not beginning with MILLRACE_',
})

const secret: Shape<SecretUse> = byKind<SecretUse>({
  expected: 'the name of a secret, or a mapping with name, as and env',
  scalar: mapped(SECRET_NAME, (name_) => ({ name: name_, as: 'env', env: name_ })),
  map: mapped(
    record('a secret', {
      name: { shape: SECRET_NAME, doc: 'Of a secret of the pipeline or the project.', required: true },
      as: {
        shape: choice(['env', 'file']),
        doc: 'env: the value in a variable; file: in a file, its path in the variable. Default env.',
      },
      env: { shape: SECRET_ENV, doc: 'The variable. Default: the name of the secret.' },
    }),
    ({ name: name_, as = 'env', env: variable_ }) =>
      name_ === undefined ? undefined : { name: name_, as, env: variable_ ?? name_ },
  ),
})

export const secrets = listOf(secret, { max: SECRETS_MAX })
