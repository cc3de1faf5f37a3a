import { app } from './app.ts'
import { signIn } from './sign-in.ts'
import { status } from './status.ts'

export const en = { app, signIn, status } as const
