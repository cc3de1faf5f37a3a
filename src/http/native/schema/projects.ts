import { z } from 'zod'
import { Id, named, Serial, Text, Time } from './common.ts'

export const Project = named(
  'Project',
  z.strictObject({ id: Id, serial: Serial, name: Text, description: Text, created_at: Time }),
)
export const ProjectList = named('ProjectList', z.strictObject({ items: z.array(Project) }))
export const NewProject = named(
  'NewProject',
  z.strictObject({ name: Text.min(1).max(128), description: Text.max(4_096).default('') }),
)
