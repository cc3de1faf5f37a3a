import type { en } from '../en/index.ts'
import type { Words } from '../words.ts'
import { admin } from './admin.ts'
import { app } from './app.ts'
import { failure } from './failure.ts'
import { home } from './home.ts'
import { pipelines } from './pipelines.ts'
import { problem } from './problem.ts'
import { reason } from './reason.ts'
import { run } from './run.ts'
import { runs } from './runs.ts'
import { sentence } from './sentence.ts'
import { signIn } from './sign-in.ts'
import { status } from './status.ts'

export const zhCN: Words<typeof en> = {
  admin,
  app,
  failure,
  home,
  pipelines,
  problem,
  reason,
  run,
  runs,
  sentence,
  signIn,
  status,
}
