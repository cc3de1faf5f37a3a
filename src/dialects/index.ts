import { blueking } from './blueking/index.ts'
import { codeartsCheck } from './codearts-check/index.ts'
import { codeartsPipeline } from './codearts-pipeline/index.ts'
import type { Dialect } from './dialect.ts'
import { huaweiIam } from './huawei-iam/index.ts'
import { koderover } from './koderover/index.ts'
import { swr } from './swr/index.ts'

/** Every dialect. A new one is a folder and a line here; test/tidy.test.ts compares the two. */
export const dialects: readonly Dialect[] = [blueking, codeartsCheck, codeartsPipeline, huaweiIam, koderover, swr]
