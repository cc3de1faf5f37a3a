import type { en } from '../en/index.ts'
import type { Words } from '../words.ts'
import { app } from './app.ts'
import { signIn } from './sign-in.ts'
import { status } from './status.ts'

export const zhCN: Words<typeof en> = { app, signIn, status }
