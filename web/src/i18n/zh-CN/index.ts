import type { en } from '../en/index.ts'
import type { Words } from '../words.ts'
import { admin } from './admin.ts'
import { app } from './app.ts'
import { home } from './home.ts'
import { pipelines } from './pipelines.ts'
import { reason } from './reason.ts'
import { run } from './run.ts'
import { runs } from './runs.ts'
import { signIn } from './sign-in.ts'
import { status } from './status.ts'

export const zhCN: Words<typeof en> = { admin, app, home, pipelines, reason, run, runs, signIn, status }
