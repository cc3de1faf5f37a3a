import type { ForgeName } from '../model/change.ts'
import type { Forge } from './forge.ts'
import { generic } from './generic/generic.ts'
import { gitea } from './gitea/gitea.ts'
import { gitee } from './gitee/gitee.ts'
import { github } from './github/github.ts'
import { gitlab } from './gitlab/gitlab.ts'

/** Every forge; a new one is one folder, one name in model/change.ts and one line here. */
export const forges = { github, gitlab, gitea, gitee, generic } as const satisfies Record<ForgeName, Forge>
